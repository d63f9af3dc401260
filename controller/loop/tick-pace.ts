import type { Problem } from '../../shared/contract/problem.ts';
import { ticksTooLong } from '../../shared/contract/problems/controller.ts';

/** Whether ticks take longer than the period lets through. */
export interface TickPace {
  readonly isSlow: boolean;
  /** Ticks in a row that say otherwise. */
  readonly against: number;
  readonly lastMs: number;
}

export const atStart: TickPace = { isSlow: false, against: 0, lastMs: 0 };

/** From this part of the period on a tick is long: the next one may not be late because a few agents hang or a disk is slow. */
const longPart = 0.75;
/** Ticks in a row that are needed for another view: a single one may be long for any reason. */
const turns = 5;

/** The pace after a tick that took `tookMs`. Pure. */
export function paceAfter({ isSlow, against }: TickPace, tookMs: number, periodMs: number): TickPace {
  const isLong = tookMs > longPart * periodMs;
  const counted = isLong === isSlow ? 0 : against + 1;
  return counted < turns
    ? { isSlow, against: counted, lastMs: tookMs }
    : { isSlow: !isSlow, against: 0, lastMs: tookMs };
}

/** What to do about ticks that take too long; null while they do not. Pure. */
export function paceProblem({ isSlow, lastMs }: TickPace, periodMs: number): Problem | null {
  return isSlow ? ticksTooLong(lastMs, periodMs, longPart * periodMs) : null;
}
