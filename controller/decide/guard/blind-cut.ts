import type { Reason } from '../../../shared/contract/decision.ts';
import { maxWeight } from '../../../shared/contract/limits.ts';
import { type ErrorJudgement, errorFactor, errorReasons } from './errors.ts';
import { leastWeight } from './scale.ts';
import type { GuardSettings } from './settings.ts';

/*
 * Rule 5 while agents are silent. Errors come from HAProxy's counters, so they cut a server's weight all the same; nothing is
 * learned meanwhile, so the weight that is cut, and let back, is the one that HAProxy had.
 */

/** A server with a weight above 0, or that is to get one. */
export interface BlindSubject {
  /** HAProxy's weight. */
  readonly current: number;
  /** The weight that it should have without errors. */
  readonly uncut: number;
  readonly errors: ErrorJudgement;
  /** Share of errors that it has more than the other servers, 0 to 1. */
  readonly errorShare: number;
  /** Whether its weight is decided at this tick; any other one stays what it is. */
  readonly isSet: boolean;
}

export interface BlindWeight {
  readonly weight: number;
  readonly uncut: number;
  readonly reasons: readonly Reason[];
}

/** Above this part of its weight, a server whose weight is too small to be cut is left as it is. */
const worthRoom = 0.5;

/**
 * One weight for each subject, in their order. Errors count as far as the best server has fewer: what all have in common moves no
 * weight. Where the weights are too small for the cut, such as 1, all are multiplied, so that no other share changes. Pure.
 */
export function cutBlind(
  subjects: readonly BlindSubject[],
  { floor, deadband }: Pick<GuardSettings, 'floor' | 'deadband'>,
): readonly BlindWeight[] {
  const best = Math.max(...subjects.map(({ errorShare }) => errorFactor(errorShare)));
  const cut = subjects.map((each) => {
    return { ...each, factor: each.isSet ? errorFactor(each.errorShare) / best : 1 };
  });
  const least = leastWeight(
    cut.map(({ uncut, factor }) => uncut * factor),
    floor,
  );
  // no server is lifted over the weight that it should have without errors
  const wantedOf = ({ uncut, factor }: (typeof cut)[number]) => Math.max(uncut * factor, Math.min(uncut, least));
  const isTooSmall = cut.some((each) => each.factor < worthRoom && wantedOf(each) < 1);
  const largest = Math.max(...cut.map(({ uncut, factor }) => uncut * factor));
  const room = isTooSmall ? Math.floor(maxWeight / largest) : 1;
  return cut.map((each) => {
    const { current, errorShare, isSet, factor } = each;
    const uncut = Math.min(maxWeight, each.uncut * room);
    if (!isSet) return { weight: uncut, uncut, reasons: room > 1 ? [scaled(current, uncut)] : [] };
    const wanted = Math.min(maxWeight, Math.max(1, Math.round(wantedOf(each) * room)));
    const isNear = current > 0 && errorShare > 0 && Math.abs(wanted - current) <= deadband * Math.max(wanted, current);
    const why = errorReasons(each.errors, factor);
    return { weight: isNear ? current : wanted, uncut, reasons: [...why, scaled(each.uncut * factor, wanted)] };
  });
}

function scaled(from: number, to: number): Reason {
  return { code: 'scaled', from, to };
}
