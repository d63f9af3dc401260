import type { Target } from '../../../testbed/simulator/dispatch/dispatch.ts';
import type { SimulationResult } from '../../../testbed/simulator/result.ts';
import { type Experiment, type ExperimentInput, experimentSchema } from '../../../testbed/simulator/schema.ts';
import { simulate } from '../../../testbed/simulator/simulate.ts';

/** Five servers of two cores, 70 % load, short, no controller; changed where `changes` says so. */
export function experiment(changes: Partial<ExperimentInput> = {}): Experiment {
  const base = changes.rate === undefined ? { load: 0.7 } : {};
  return experimentSchema.parse({
    fleet: serversOf(5, { cores: 2 }),
    ...base,
    seconds: 20,
    warmupSeconds: 0,
    contender: { kind: 'static', weights: 'equal' },
    ...changes,
  });
}

export function serversOf(
  count: number,
  each: Omit<ExperimentInput['fleet'][number], 'name'>,
): ExperimentInput['fleet'] {
  return Array.from({ length: count }, (_, index) => ({ name: `s${index + 1}`, ...each }));
}

export function run(changes: Partial<ExperimentInput> = {}): Promise<SimulationResult> {
  return simulate(experiment(changes));
}

export function failuresOf({ failed }: SimulationResult): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

/** Servers as a dispatch sees them, all up and idle. */
export function targets(weights: readonly number[]): Target[] {
  return weights.map((weight, index) => ({ index, weight, up: true, served: 0 }));
}
