import type { Clock } from './clock.ts';

/** A wall clock that is this much off what it should be since the last call, in ms, was set. */
const stepMs = 1_000;

export interface SteadyTimerOptions {
  readonly periodMs: number;
  readonly clock: Clock;
  /** The next moment, by the wall clock, in ms since 1970. */
  readonly nextMs: () => number;
  readonly onDue: () => void;
  /** Called for every period that passed without a call: the process did not get to run. */
  readonly onMissed: () => void;
  /** Called when the wall clock was set: by how many ms; negative: back. */
  readonly onClockSet: (byMs: number) => void;
}

/**
 * Calls `onDue` at moments of the wall clock but waits by the monotonic clock, never less than half a period and never more
 * than one and a half. A timer that waits for the wall clock is silent for an hour after the clock was set back by one, and
 * after it was set forward, or the machine slept, node-cron walks through every moment in between (14 s without anything
 * else for a week at a period of 2 s).
 */
export function startSteadyTimer(options: SteadyTimerOptions): Disposable {
  const { periodMs, clock, nextMs, onDue, onMissed, onClockSet } = options;
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    const dueMs = waitMs(nextMs(), clock.wallMs(), periodMs);
    const [armedAtMs, offsetMs] = [clock.monotonicMs(), clock.wallMs() - clock.monotonicMs()];
    timer = setTimeout(() => {
      const lateMs = clock.monotonicMs() - armedAtMs - dueMs;
      for (let missed = Math.floor(lateMs / periodMs); missed > 0; missed -= 1) onMissed();
      const byMs = Math.round(clock.wallMs() - clock.monotonicMs() - offsetMs);
      if (Math.abs(byMs) >= stepMs) onClockSet(byMs);
      onDue();
      arm();
    }, dueMs);
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/**
 * How long to wait for the next moment, in ms: for the one after it where it is so near that two ticks would overlap. Within
 * half a period and one and a half, even if the clock was set between the two readings. Pure.
 */
export function waitMs(nextMs: number, nowMs: number, periodMs: number): number {
  const untilNext = nextMs - nowMs;
  const wait = untilNext < periodMs / 2 ? untilNext + periodMs : untilNext;
  return Math.min(1.5 * periodMs, Math.max(0.5 * periodMs, wait));
}
