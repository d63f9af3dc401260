/** How often HAProxy is looked at between ticks, in ms, where a look costs little. */
export const lookEveryMs = 200;
/** While a server is tried with a few requests: it may get many. */
const probeMs = 50;
/** A look is due after this many times what it costs. */
const costTimes = 20;
/** Looks of which the cheapest says what a look costs: a single one may wait for a busy machine. */
const remembered = 5;

/** What the last looks took, in ms, the newest last. */
export type LookPace = readonly number[];

/** The pace after a look that took `tookMs`. Pure. */
export function lookPaceAfter(before: LookPace, tookMs: number): LookPace {
  return [...before, tookMs].slice(-remembered);
}

/** What a look costs, in ms; 0 before the first. Pure. */
export function lookCostMs(pace: LookPace): number {
  return pace.length === 0 ? 0 : Math.min(...pace);
}

/** After how long, in ms, the next look is due: looks cost a twentieth of the time at most. Pure. */
export function nextLookMs(pace: LookPace, isProbing: boolean): number {
  return Math.max(isProbing ? probeMs : lookEveryMs, costTimes * lookCostMs(pace));
}
