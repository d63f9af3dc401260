import type { Stretch } from './work.ts';

/** Measurements since it became likelier that the speed has changed this way than that it has not. */
export interface Run {
  /** ln of the likelihood ratio, 0 or more. */
  readonly evidence: number;
  /** Sum of 1 / variance, and of measurement / variance. */
  readonly precision: number;
  readonly weighted: number;
}

export interface Runs {
  readonly up: Run;
  readonly down: Run;
}

const noRun: Run = { evidence: 0, precision: 0, weighted: 0 };
export const noRuns: Runs = { up: noRun, down: noRun };

/** The change that is looked for, as a logarithm: between a third and two thirds more or less. */
const shift = 0.5;
/** Evidence from which it is a change: chance alone brings that about once in some thousand measurements. */
const enough = 8;

/**
 * Page's cumulative sums (1954): a sequential test that adds up what each measurement says for a change against what it says
 * for none, and begins anew where nothing speaks for it. `variance` is that of the estimate.
 */
export function addToRuns(runs: Runs, estimate: Stretch, now: Stretch): Runs {
  return { up: add(runs.up, estimate, now, 1), down: add(runs.down, estimate, now, -1) };
}

function add(run: Run, estimate: Stretch, now: Stretch, sign: 1 | -1): Run {
  const distance = sign * (now.log - estimate.log);
  const evidence = run.evidence + (shift * distance - shift ** 2 / 2) / (estimate.variance + now.variance);
  if (evidence <= 0) return noRun;
  return {
    evidence,
    precision: run.precision + 1 / now.variance,
    weighted: run.weighted + now.log / now.variance,
  };
}

/** The measurements that show a change, as one; null: chance explains them. `doubt` asks for more evidence. */
export function changeOf({ up, down }: Runs, doubt: number): Stretch | null {
  const run = up.evidence > down.evidence ? up : down;
  if (run.evidence <= enough + doubt) return null;
  return { log: run.weighted / run.precision, variance: 1 / run.precision };
}

/** The same, where everything is measured from `by` on. */
export function shifted({ up, down }: Runs, by: number): Runs {
  const move = (run: Run) => (run.precision === 0 ? run : { ...run, weighted: run.weighted - by * run.precision });
  return { up: move(up), down: move(down) };
}
