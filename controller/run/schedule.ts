import { type Logger as CronLogger, createTask } from 'node-cron';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/process/log.ts';
import { startSteadyTimer } from '../../shared/steady-timer.ts';

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

/** Runs a tick at once and then every period: node-cron has the pattern and runs the ticks, the steady timer waits. */
export function startSchedule(tick: () => Promise<void>, { logger, ...options }: ScheduleOptions): Schedule {
  const { periodMs, clock } = options;
  const settings = { timezone: 'Etc/UTC', logger: quietLogger(logger) };
  const task = createTask(cronExpression(periodMs), () => runTick(tick, logger), settings);
  const underWay = new Set<Promise<void>>();
  const onDue = () => {
    const running: Promise<void> = task.execute().finally(() => underWay.delete(running));
    underWay.add(running);
  };
  onDue();
  const timer = startSteadyTimer({
    ...options,
    nextMs: () => task.getNextRuns(1)[0]?.getTime() ?? clock.wallMs() + periodMs,
    onDue,
    onClockSet: (byMs) => logger.warn('the wall clock was set', { byMs }),
  });
  return {
    stop: async () => {
      timer[Symbol.dispose]();
      await Promise.all(underWay);
    },
  };
}

/** Periods are whole seconds that divide a minute, so every minute starts with a tick. */
export function cronExpression(periodMs: number): string {
  const seconds = periodMs / 1_000;
  return seconds === 60 ? '0 * * * * *' : `*/${seconds} * * * * *`;
}

/** Where a tick throws, that one is lost; the next one starts from what it observes. */
async function runTick(tick: () => Promise<void>, logger: Log): Promise<void> {
  try {
    await tick();
  } catch (error) {
    logger.error('tick failed', { detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function quietLogger(logger: Log): CronLogger {
  const debug = (message: string | Error) => logger.debug('schedule', { detail: String(message) });
  return { info: debug, warn: debug, error: debug, debug };
}
