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

/** `roundrobin` without a controller, else `capacity+leastconn` and the like. */
export type ContenderName = Algorithm | `${Exclude<WeightSource, 'none'>}+${Algorithm}`;

/** The oracle is the reference for the others: once with an algorithm that sees no backlog, once with one that does. */
const oracleAlgorithms: readonly Algorithm[] = ['roundrobin', 'leastconn'];

export const contenders: readonly Contender[] = weightSources.flatMap((weights) =>
  (weights === 'oracle' ? oracleAlgorithms : algorithms).map((algorithm) => ({
    name: weights === 'none' ? algorithm : (`${weights}+${algorithm}` as const),
    algorithm,
    weights,
  })),
);

export const contenderNames = contenders.map(({ name }) => name);

/** What HAProxy calls it. */
export function balanceLine(algorithm: Algorithm): string {
  return algorithm === 'random' ? 'random(2)' : algorithm;
}
