import type { LooksStatus } from '../../shared/contract/status.ts';

/** How often HAProxy is looked at between ticks, in ms, where a look costs little. */
export const lookEveryMs = 200;
/** While a server is tried with a few requests: it may get many. */
const probeMs = 50;
/** A look is due after this many times what it costs. */
const lookCostTimes = 20;
/** Of the cost of one slow look, at the next. */
const costKept = 0.8;

/** The looks at all backends after one that took `tookMs`: what one costs is the longest of late. null: it was the first. Pure. */
export function looksAfter(before: LooksStatus | null, tookMs: number, isProbing: boolean): LooksStatus {
  const { count, costMs: costBefore } = before ?? { count: 0, costMs: 0 };
  const costMs = Math.max(tookMs, costBefore * costKept);
  const usualMs = isProbing ? probeMs : lookEveryMs;
  return { count: count + 1, costMs, everyMs: Math.max(usualMs, lookCostTimes * costMs) };
}
