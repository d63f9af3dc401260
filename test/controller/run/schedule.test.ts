import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { periodsMs } from '../../../controller/config/schema.ts';
import { cronExpression, startSchedule } from '../../../controller/run/schedule.ts';
import { systemClock } from '../../../shared/clock.ts';
import { waitMs } from '../../../shared/steady-timer.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { recordingLogger } from '../support/recording-logger.ts';

const RealDate = Date;
const hourMs = 3_600_000;

/** Sets the wall clock of this test's thread, and leaves the monotonic one alone. */
function setClock(byMs: number): Disposable {
  class SetDate extends RealDate {
    constructor(...args: [] | [number]) {
      super(args.length === 0 ? RealDate.now() + byMs : args[0]);
    }
    static override now(): number {
      return RealDate.now() + byMs;
    }
  }
  globalThis.Date = SetDate as unknown as DateConstructor;
  return {
    [Symbol.dispose]: () => {
      globalThis.Date = RealDate;
    },
  };
}

test('every period is a cron expression that starts each minute with a tick', (t) => {
  t.is(cronExpression(2_000), '*/2 * * * * *');
  t.is(cronExpression(60_000), '0 * * * * *');
  t.true(periodsMs.every((period) => 60 % (period / 1_000) === 0));
});

test('a wait is for the next moment, unless that is so near that two ticks would meet, and never wild', (t) => {
  t.is(waitMs(2_000, 700, 2_000), 1_300);
  t.is(waitMs(2_000, 1_999, 2_000), 2_001);
  t.is(waitMs(2_000, 1_000, 2_000), 1_000);
  t.is(waitMs(2_000, 2_000 + hourMs, 2_000), 1_000, 'set forward between the two readings');
  t.is(waitMs(2_000 + hourMs, 2_000, 2_000), 3_000, 'set back between the two readings');
});

for (const [what, byMs] of [
  ['back an hour', -hourMs],
  ['forward an hour', hourMs],
  ['from 1970 to today', 56 * 365.25 * 24 * hourMs],
] as const) {
  test.serial(`the wall clock is set ${what}: ticks go on, and none counts as missed`, async (t) => {
    const ticks: number[] = [];
    let missed = 0;
    const { logger, lines } = recordingLogger();
    const tick = () => {
      ticks.push(performance.now());
      return Promise.resolve();
    };
    const schedule = startSchedule(tick, {
      periodMs: 1_000,
      clock: systemClock,
      logger,
      onMissed: () => {
        missed += 1;
      },
    });
    await until('ticks', () => ticks.length >= 3);
    {
      using _set = setClock(byMs);
      await until('more ticks', () => ticks.length >= 6);
    }
    await schedule.stop();
    const atTheEnd = ticks.length;
    const gaps = ticks.slice(1).map((each, index) => each - (ticks[index] ?? 0));
    const late = gaps.filter((gap) => gap > 5_000);
    t.deepEqual(late, [], `${gaps}`);
    t.true(
      gaps.every((gap) => gap > 300),
      `${gaps}`,
    );
    t.is(missed, 0);
    t.deepEqual(
      lines.map(({ message }) => message),
      ['the wall clock was set'],
    );
    await delay(1_600);
    t.is(ticks.length, atTheEnd, 'none after the stop');
  });
}

test.serial('a tick that fails is logged, and the next one comes', async (t) => {
  const { logger, lines } = recordingLogger();
  let ticks = 0;
  const tick = () => {
    ticks += 1;
    return Promise.reject(new Error('a defect'));
  };
  const schedule = startSchedule(tick, { periodMs: 1_000, clock: systemClock, logger, onMissed: () => undefined });
  await until('ticks', () => ticks >= 2);
  await schedule.stop();
  t.is(lines[0]?.message, 'tick failed');
});

test.serial('periods in which the process did not run are counted, by the monotonic clock', async (t) => {
  let [ticks, missed, nowMs] = [0, 0, 0];
  const clock = { monotonicMs: () => nowMs, wallMs: () => Date.now() };
  const { logger } = recordingLogger();
  const tick = () => {
    ticks += 1;
    return Promise.resolve();
  };
  const schedule = startSchedule(tick, {
    periodMs: 1_000,
    clock,
    logger,
    onMissed: () => {
      missed += 1;
    },
  });
  nowMs = 4_900;
  await until('the second tick', () => ticks >= 2);
  await schedule.stop();
  t.true(missed === 3 || missed === 4, `${missed}: it was due after half a period to one and a half`);
});
