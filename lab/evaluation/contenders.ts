import type { PolicyName } from '../../shared/contract/policy-names.ts';

/** HAProxy's algorithm: what follows `balance`. */
export const algorithms = ['roundrobin', 'random', 'leastconn'] as const;
export type Algorithm = (typeof algorithms)[number];

/** `pick-one` keeps the name that it was measured under, which the controller still accepts. */
type MeasuredPolicy = Exclude<PolicyName, 'pick-one'> | 'least-utilised';

/** What is compared. */
export interface Contender {
  readonly name: ContenderName;
  readonly algorithm: Algorithm;
  /** What sets the weights: nothing (all equal), haweight with a policy, or an ideal controller that knows every capacity. */
  readonly weights: 'none' | 'oracle' | MeasuredPolicy;
  /**
   * What limits the requests that each server has at once: nothing, a fixed number in haproxy.cfg, or haweight
   * (`on`) with HAProxy's bounded load.
   */
  readonly limits: 'none' | 'on' | 1 | 2;
}

const weightSources = [
  'none',
  'oracle',
  'least-utilised',
  'stress',
  'paper',
  'inverse-load',
  'capacity',
  'adaptive',
] as const satisfies readonly Contender['weights'][];
type WeightSource = (typeof weightSources)[number];

/** Those that are measured with limits, too. */
const limitedPolicies = ['inverse-load', 'capacity', 'adaptive'] as const;
const limitedAlgorithms = ['roundrobin', 'leastconn'] as const;

/** `roundrobin` without a controller, else `capacity+leastconn` and the like; at the end what limits the servers. */
export type ContenderName =
  | Algorithm
  | `${Exclude<WeightSource, 'none'>}+${Algorithm}`
  | `${(typeof limitedAlgorithms)[number]}+maxconn-${1 | 2}`
  | `${(typeof limitedPolicies)[number]}+${(typeof limitedAlgorithms)[number]}+limits`;

/** The oracle is the reference for the others: once with an algorithm that sees no backlog, once with one that does. */
const oracleAlgorithms: readonly Algorithm[] = ['roundrobin', 'leastconn'];

const unlimited: readonly Contender[] = weightSources.flatMap((weights) =>
  (weights === 'oracle' ? oracleAlgorithms : algorithms).map((algorithm) => ({
    name: weights === 'none' ? algorithm : (`${weights}+${algorithm}` as const),
    algorithm,
    weights,
    limits: 'none' as const,
  })),
);

const limited: readonly Contender[] = limitedAlgorithms.flatMap((algorithm): readonly Contender[] => [
  ...([1, 2] as const).map((limits) => {
    return { name: `${algorithm}+maxconn-${limits}` as const, algorithm, weights: 'none' as const, limits };
  }),
  ...limitedPolicies.map((weights) => {
    return { name: `${weights}+${algorithm}+limits` as const, algorithm, weights, limits: 'on' as const };
  }),
]);

export const contenders: readonly Contender[] = [...unlimited, ...limited];

export const contenderNames = contenders.map(({ name }) => name);

/** What HAProxy calls it. */
export function balanceLine(algorithm: Algorithm): string {
  return algorithm === 'random' ? 'random(2)' : algorithm;
}
