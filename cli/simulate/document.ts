import type { Comparison } from './comparison.ts';
import { figuresOf } from './figures.ts';
import type { Measured } from './run.ts';

/**
 * All results as plain JSON, in the order of the runs. The same comparison gives the same bytes, because it
 * contains no real time. Runs contain `samples` of the ticks only if they were kept.
 */
export function documentOf({ fleet, scenario, seeds, candidates }: Comparison, measured: readonly Measured[]) {
  const [first] = candidates;
  // the keys that differ are listed for each candidate
  const { contender: _contender, balance: _balance, seed: _seed, ...experiment } = first?.experiment ?? {};
  return {
    names: { fleet, scenario },
    experiment,
    seeds,
    complete: measured.length === candidates.length,
    results: measured.map((each) => ({
      policy: each.candidate.policy,
      balance: each.candidate.balance,
      contender: each.candidate.experiment.contender,
      medians: figuresOf(each),
      runs: each.runs.map(({ seed, result: { samples, ...result } }) => {
        return { seed, ...result, ...(samples.length === 0 ? {} : { samples }) };
      }),
    })),
  };
}
