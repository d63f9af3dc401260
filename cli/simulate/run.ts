import type { SimulationResult } from '../../testbed/simulator/result.ts';
import { simulate } from '../../testbed/simulator/simulate.ts';
import type { Candidate, Comparison } from './comparison.ts';

export interface Run {
  readonly seed: number;
  readonly result: SimulationResult;
}

/** A candidate with every seed. */
export interface Measured {
  readonly candidate: Candidate;
  readonly runs: readonly Run[];
}

export interface RunOptions {
  /** Called with the part that is done, 0 to 1, and the candidate that runs. */
  readonly onProgress: (done: number, candidate: Candidate) => void;
  readonly signal: AbortSignal;
  /** Whether to keep a sample of every tick; this takes the most memory. */
  readonly keepSamples: boolean;
}

/** Runs one candidate after the other and yields each when it is complete. Throws the signal's reason. */
export async function* runAll({ candidates, seeds }: Comparison, options: RunOptions): AsyncGenerator<Measured> {
  const { onProgress, signal, keepSamples } = options;
  const total = candidates.length * seeds.length;
  let finished = 0;
  for (const candidate of candidates) {
    const runs: Run[] = [];
    for (const seed of seeds) {
      const result = await simulate(
        { ...candidate.experiment, seed },
        { signal, onProgress: (done) => onProgress((finished + done) / total, candidate) },
      );
      runs.push({ seed, result: keepSamples ? result : { ...result, samples: [] } });
      finished += 1;
    }
    yield { candidate, runs };
  }
}
