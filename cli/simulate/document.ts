import type { Comparison } from './comparison.ts';
import { figuresOf } from './figures.ts';
import type { Measured } from './run.ts';

/**
 * Everything that was measured, as plain JSON in the order that it ran in. The same comparison gives the same bytes: it
 * holds no times of the real clock. Without `samples`, runs say nothing of single ticks.
 */
export function documentOf({ fleet, scenario, seeds, candidates }: Comparison, measured: readonly Measured[]) {
  const [first] = candidates;
  // what the candidates differ in is with each of them
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
