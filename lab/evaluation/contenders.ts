import type { PolicyName } from '../../controller/index.ts';

/** How HAProxy deals out requests: what follows `balance`. */
export const algorithms = ['roundrobin', 'random', 'leastconn'] as const;
export type Algorithm = (typeof algorithms)[number];

/** `pick-one` keeps the name that it was measured under, which the controller still accepts. */
type MeasuredPolicy = Exclude<PolicyName, 'pick-one'> | 'least-utilised';

/** What is compared. */
export interface Contender {
  readonly name: ContenderName;
  readonly algorithm: Algorithm;
  /** Who sets the weights: no controller (all equal), ours with a policy, or an ideal one that knows every capacity at once. */
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
] as const satisfies readonly Contender['weights'][];
type WeightSource = (typeof weightSources)[number];

/** `roundrobin` without a controller, else `capacity+leastconn` and the like. */
export type ContenderName = Algorithm | `${Exclude<WeightSource, 'none'>}+${Algorithm}`;

/** The oracle is what others can be measured by: once where HAProxy sees no backlog, once where it does. */
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
