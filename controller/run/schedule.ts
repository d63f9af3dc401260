import { type Logger as CronLogger, createTask } from 'node-cron';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/process/log.ts';

/** A wall clock that is this much off what it should be since the last tick, in ms, was set by somebody. */
const stepMs = 1_000;

export interface ScheduleOptions {
  /** A whole number of seconds that divides a minute, in ms. */
  readonly periodMs: number;
  readonly clock: Clock;
  readonly logger: Log;
  /** Called for every period in which the process did not get to run a tick. */
  readonly onMissed: () => void;
}

export interface Schedule {
  /** No further tick begins; resolves when the one under way has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Runs a tick at once and then every period, when node-cron's pattern says so, but never waits by the wall clock. Started,
 * node-cron arms its timers for a moment of the wall clock: after that clock was set back an hour there is no tick for an
 * hour, and after it was set forward, or the machine slept, it walks through every moment in between (14 s without
 * anything else for a week at 2 s). So it only says when; we wait by the monotonic clock, never less than half a period
 * and never more than one and a half.
 */
export function startSchedule(tick: () => Promise<void>, options: ScheduleOptions): Schedule {
  const { periodMs, clock, logger, onMissed } = options;
  const guarded = async () => {
    try {
      await tick();
    } catch (error) {
      // a defect of ours: one tick is lost, the next one starts from what it observes
      logger.error('tick failed', { detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  const task = createTask(cronExpression(periodMs), guarded, { timezone: 'Etc/UTC', logger: quietLogger(logger) });
  const underWay = new Set<Promise<void>>();
  const run = () => {
    const running: Promise<void> = task.execute().finally(() => underWay.delete(running));
    underWay.add(running);
  };
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    const dueMs = waitMs(task.getNextRuns(1)[0]?.getTime() ?? 0, clock.wallMs(), periodMs);
    const [armedAtMs, offsetMs] = [clock.monotonicMs(), clock.wallMs() - clock.monotonicMs()];
    timer = setTimeout(() => {
      const lateMs = clock.monotonicMs() - armedAtMs - dueMs;
      for (let missed = Math.floor(lateMs / periodMs); missed > 0; missed -= 1) onMissed();
      const byMs = Math.round(clock.wallMs() - clock.monotonicMs() - offsetMs);
      if (Math.abs(byMs) >= stepMs) logger.warn('the wall clock was set', { byMs });
      run();
      arm();
    }, dueMs);
  };
  run();
  arm();
  return {
    stop: async () => {
      clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}

/**
 * How long to wait for the next moment of the pattern, in ms: the one after it where it is so near that two ticks would
 * meet. Within half a period and one and a half, even if the clock was set between the two readings. Pure.
 */
export function waitMs(nextMs: number, nowMs: number, periodMs: number): number {
  const untilNext = nextMs - nowMs;
  const wait = untilNext < periodMs / 2 ? untilNext + periodMs : untilNext;
  return Math.min(1.5 * periodMs, Math.max(0.5 * periodMs, wait));
}

/** Periods are whole seconds that divide a minute, so every minute starts with a tick. */
export function cronExpression(periodMs: number): string {
  const seconds = periodMs / 1_000;
  return seconds === 60 ? '0 * * * * *' : `*/${seconds} * * * * *`;
}

function quietLogger(logger: Log): CronLogger {
  const debug = (message: string | Error) => logger.debug('schedule', { detail: String(message) });
  return { info: debug, warn: debug, error: debug, debug };
}
