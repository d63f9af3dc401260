import type { Improvement } from './comparison.ts';

export type Verdict = 'better' | 'reproduced' | 'not reproduced' | 'not measured';

/** Above this difference of failed requests, as a share, a faster mean is no improvement: it left requests out. */
export const toleratedExtraFailed = 0.005;

/** What the functions below do, for the document. */
export const rule = [
  'An improvement of the mean response time is **better** where even the worst pairs of runs show more than was claimed; ' +
    '**reproduced** where all pairs show an improvement and the claim lies between the worst and the best of them; else ' +
    '**not reproduced**. It is not reproduced, either, where more requests fail than under the rival, by more than ' +
    `${100 * toleratedExtraFailed} % of all that were sent: requests that fail do not count in the mean.`,
  'A share within a second is **reproduced** where the median of every scenario reaches it, **better** where every ' +
    'single run does and the lowest leaves at most half as many requests out, else **not reproduced**.',
].join('\n\n');

/** `claimed`: a share, 0.1 is 10 %. */
export function verdictOnImprovement(claimed: number, measured: Improvement | null): Verdict {
  if (measured === null) return 'not measured';
  if (measured.extraFailed > toleratedExtraFailed) return 'not reproduced';
  if (measured.least > claimed) return 'better';
  return measured.least > 0 && measured.most >= claimed ? 'reproduced' : 'not reproduced';
}

/** `medians` and `minima`: of each scenario's shares within a second; all from 0 to 1. */
export function verdictOnShare(claimed: number, medians: readonly number[], minima: readonly number[]): Verdict {
  if (medians.length === 0) return 'not measured';
  if (Math.min(...minima) >= (1 + claimed) / 2) return 'better';
  return Math.min(...medians) >= claimed ? 'reproduced' : 'not reproduced';
}
