import type { DrainRefusedBecause, Reason } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import { type AtRest, counted, fallMargin, isNormal, restMs, riseMargin } from './set-aside.ts';

/** What the gradual cut does to the RAM of a server that is over its threshold and cannot be drained. */
export interface CutWatch {
  /** RAM as the cut began, or as it last fell or rose. */
  readonly from: number;
  /** Natural logarithm of the cut then, 0 or less. */
  readonly logGrade: number;
  /** How long the cut has been a fifth more since, in ms. */
  readonly cutMs: number;
}

/** What is remembered of a server that bears on its cut. */
interface CutMemory {
  readonly atRest: AtRest;
  readonly cutWatch: CutWatch | null;
  readonly logGrade: number;
  readonly drained: boolean;
  readonly refused: DrainRefusedBecause | null;
}

/** By so much, as a difference of logarithms, the weight must be cut before it can be said that RAM does not follow it. */
const enoughCut = Math.log(5 / 4);

/**
 * One more tick: RAM that stays where it is for `restMs` while the weight is cut by a fifth is cut for in vain. Only RAM: cpu,
 * threads and queues may be as full with fewer requests.
 */
export function cutWatchAfter(
  { cutWatch: before, logGrade, drained, refused }: CutMemory,
  { ram }: Utilisations,
  thresholds: Thresholds,
  elapsedMs: number,
): CutWatch | null {
  const isRefused = refused === 'others-overloaded' || refused === 'half-drained' || refused === 'in-common';
  if (ram === null) return before;
  if (drained || isNormal('ram', ram, thresholds) || (before === null && !isRefused)) return null;
  if (before === null) return { from: ram, logGrade: 0, cutMs: 0 };
  if (ram < before.from - fallMargin || ram >= before.from + riseMargin) return { from: ram, logGrade, cutMs: 0 };
  const isCut = isRefused && logGrade <= before.logGrade - enoughCut;
  return { ...before, cutMs: before.cutMs + (isCut ? elapsedMs : 0) };
}

/** The metrics that the weight may be cut for. */
export function cuttable(
  utilisation: Utilisations,
  { atRest, cutWatch }: Pick<CutMemory, 'atRest' | 'cutWatch'>,
): Utilisations {
  const left = counted(utilisation, atRest);
  return isVain(cutWatch) ? { ...left, ram: null } : left;
}

export function vainCutReasons(watch: CutWatch | null): Reason[] {
  return watch !== null && isVain(watch) ? [{ code: 'not-cut', metric: 'ram', level: watch.from }] : [];
}

function isVain(watch: CutWatch | null): boolean {
  return watch !== null && watch.cutMs >= restMs;
}
