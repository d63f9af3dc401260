import { sum } from '../../../shared/math/statistics.ts';
import type { Seen } from './seen.ts';

/** That far fewer requests are answered than could be: ln of a likelihood ratio, 0 or more, and for how long without a break. */
export interface LimitEvidence {
  readonly ln: number;
  readonly ms: number;
}

export const noEvidence: LimitEvidence = { ln: 0, ms: 0 };

/** Likelihood ratio from which on far fewer requests are answered, as its ln: 400 to 1. */
const enough = 6;

export function isConvincing({ ln, ms }: LimitEvidence, leastMs: number): boolean {
  return ln >= enough && ms >= leastMs;
}

/** Answers follow a Poisson distribution: the hypotheses are that a server answers all that it can, or `part` of it. */
export function weigh(before: LimitEvidence, servers: readonly Seen[], part: number, elapsedMs: number): LimitEvidence {
  const known = servers.flatMap(({ order, counted }) => {
    if (counted === null || order === undefined || order.capacity === null) return [];
    return [{ expected: (order.capacity * elapsedMs) / 1_000, answered: counted.ok + counted.errors }];
  });
  const expected = sum(known.map((each) => each.expected));
  const answered = sum(known.map((each) => each.answered));
  const ln = Math.max(0, before.ln + (1 - part) * expected + answered * Math.log(part));
  return ln === 0 ? noEvidence : { ln, ms: before.ms + elapsedMs };
}
