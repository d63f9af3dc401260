import { type Contender, contenders } from './contenders.ts';
import { type fleets, type MatrixName, type Scenario, scenarios } from './scenarios.ts';

/** One contender goes through all scenarios, in their order, with one controller that runs all the time. */
export interface Block {
  readonly contender: Contender;
  readonly repetition: number;
  readonly scenarios: readonly Scenario[];
}

interface Matrix {
  readonly fleet: keyof typeof fleets;
  /** How often each cell is measured unless asked otherwise. */
  readonly repetitions: number;
  readonly contenders: readonly Contender[];
  readonly scenarios: readonly Scenario[];
}

const few: readonly Contender['name'][] = [
  'roundrobin',
  'leastconn',
  'least-utilised+roundrobin',
  'paper+roundrobin',
  'adaptive+roundrobin',
  'adaptive+leastconn',
];
const beside: readonly Contender['name'][] = [
  'random',
  'oracle+leastconn',
  'inverse-load+roundrobin',
  'capacity+leastconn',
];
/** Each in one of two rounds, where a machine has room for five stacks. */
const limitContenders: readonly Contender['name'][] = [
  'leastconn',
  'oracle+leastconn',
  'capacity+leastconn',
  'adaptive+leastconn',
  'adaptive+roundrobin',
  'roundrobin+maxconn-2',
  'leastconn+maxconn-1',
  'capacity+leastconn+limits',
  'adaptive+leastconn+limits',
  'adaptive+roundrobin+limits',
];
const ofLimits: readonly Scenario['name'][] = ['slow-tenth', 'wait-appears', 'wait-150'];
const limitScenarios: readonly Scenario['name'][] = [
  'steady-70',
  'flash-110-190',
  'noisy-neighbour',
  'fails-fast',
  ...ofLimits,
];
const some: readonly Scenario['name'][] = ['steady-70', 'over-utilised', 'removed-2', 'flash-240', 'fails-fast'];

export const matrices: Readonly<Record<MatrixName, Matrix>> = {
  full: {
    fleet: 'unequal',
    repetitions: 3,
    contenders: contenders.filter(({ limits }) => limits === 'none'),
    scenarios: scenarios.filter(({ name }) => !ofLimits.includes(name)),
  },
  quick: {
    fleet: 'unequal',
    repetitions: 1,
    contenders: contenders.filter(({ name }) => few.includes(name)),
    scenarios: scenarios.filter(({ name }) => some.includes(name)),
  },
  publication: {
    fleet: 'equal',
    repetitions: 3,
    contenders: contenders.filter(({ name }) => [...few, ...beside].includes(name)),
    scenarios: scenarios.filter(({ figure }) => figure !== undefined),
  },
  limits: {
    fleet: 'unequal',
    repetitions: 3,
    contenders: contenders.filter(({ name }) => limitContenders.includes(name)),
    scenarios: scenarios.filter(({ name }) => limitScenarios.includes(name)),
  },
};

/**
 * The blocks in the order of the run. Every other repetition goes through the contenders backwards, so that no contender is
 * always measured after the same one, or always late.
 */
export function blocksOf(matrix: MatrixName, repetitions: number): readonly Block[] {
  const { contenders: chosen, scenarios: run } = matrices[matrix];
  return Array.from({ length: repetitions }, (_, index) =>
    (index % 2 === 0 ? chosen : chosen.toReversed()).map((contender) => ({
      contender,
      repetition: index + 1,
      scenarios: run,
    })),
  ).flat();
}

/** The same for every contender, so that all get the same requests. */
export function seedOf(runSeed: number, scenario: Scenario, repetition: number): number {
  return runSeed * 10_000 + scenarios.indexOf(scenario) * 100 + repetition;
}
