/**
 * The time from one tick to the next in ms, where each takes `tickMs`: one that is due while another is under way is skipped,
 * so it is a multiple of the period. Pure.
 */
export function effectivePeriodMs(periodMs: number, tickMs: number | null): number {
  return (Math.floor((tickMs ?? 0) / periodMs) + 1) * periodMs;
}
