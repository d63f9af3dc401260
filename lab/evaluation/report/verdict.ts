import type { Improvement } from './comparison.ts';

export type Verdict = 'better' | 'reproduced' | 'not reproduced' | 'not measured';

/** What the functions below do, for the documents. */
export const rule = [
  'Times are judged with **every failed request charged as 5 s**, the deadline of the load generator: a mean of answered ' +
    'requests only favours a contender that loses the slow ones; the table has it in its own column. An improvement is ' +
    '**better** where even the worst pairs of runs show more than was claimed; **reproduced** where all pairs show an ' +
    'improvement and the claim lies between the worst and the best of them; otherwise **not reproduced**.',
  'A share within a second is **reproduced** where the median of every scenario reaches it, **better** where every ' +
    'single run does and the lowest leaves out at most half as many requests; otherwise **not reproduced**.',
].join('\n\n');

/** `claimed`: a share, 0.1 is 10 %. */
export function verdictOnImprovement(claimed: number, measured: Improvement | null): Verdict {
  if (measured === null) return 'not measured';
  if (measured.least > claimed) return 'better';
  return measured.least > 0 && measured.most >= claimed ? 'reproduced' : 'not reproduced';
}

/** `medians` and `minima`: of each scenario's shares within a second; all from 0 to 1. */
export function verdictOnShare(claimed: number, medians: readonly number[], minima: readonly number[]): Verdict {
  if (medians.length === 0) return 'not measured';
  if (Math.min(...minima) >= (1 + claimed) / 2) return 'better';
  return Math.min(...medians) >= claimed ? 'reproduced' : 'not reproduced';
}
