import type { Clock } from '../../shared/clock.ts';

/** Wall clock at the start of a simulation; any value works. */
const epochMs = Date.UTC(2025, 0, 1);

/** Simulated time as the controller's clock. */
export function simulatedClock(nowMs: () => number): Clock {
  return { monotonicMs: nowMs, wallMs: () => wallMs(nowMs()) };
}

/** In ms since 1970, a whole number. */
export function wallMs(simulatedMs: number): number {
  return Math.round(epochMs + simulatedMs);
}
