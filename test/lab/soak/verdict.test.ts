import test from 'ava';
import type { Sample } from '../../../lab/soak/sample.ts';
import { isTooBusy, summaryOf, verdictOf } from '../../../lab/soak/verdict.ts';
import { isPassed } from '../../../lab/support/check.ts';
import { broken, failedWith } from '../../support/outcome.ts';
import { type Made, soakOf } from './soak-support.ts';

function failedIn(made: Made): readonly string[] {
  return verdictOf(soakOf(made))
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ name }) => name);
}

function notJudgedIn(made: Made): readonly string[] {
  return verdictOf(soakOf(made))
    .filter(({ verdict }) => verdict === 'not judged')
    .map(({ name }) => name);
}

test('a run in which nothing grew has passed, with everything judged', (t) => {
  const soak = soakOf({ minutes: 30 });
  t.deepEqual(
    verdictOf(soak).filter(({ verdict }) => verdict !== 'met'),
    [],
  );
  t.regex(summaryOf(soak), /^30\.0 minutes, 270,000 requests .* 60 reloads, 240 other faults .* 40\.0 % /);
});

test('a short run is not judged where it takes trends, and what can be judged is', (t) => {
  t.is(notJudgedIn({ minutes: 3 }).length, 9);
  t.deepEqual(failedIn({ minutes: 3 }), []);
  t.true(failedIn({ minutes: 3, notCaused: ['reload: no answer'] }).includes('faults that could not be caused'));
});

test('eleven minutes are enough to judge everything, ten are not', (t) => {
  t.deepEqual(notJudgedIn({ minutes: 11 }), []);
  t.true(notJudgedIn({ minutes: 10 }).length > 0);
});

test('a run without a single sample has not passed', (t) => {
  t.false(isPassed(verdictOf({ ...soakOf({ minutes: 1 }), samples: [], done: [], scrapes: { count: 0, failed: 0 } })));
});

/** Grows by 1 an hour, over a noise of a tenth of that. */
const growing = (hours: number) => hours + 0.01 * Math.sin(hours * 1_000);
const controllerWith = (of: (hours: number) => Partial<Sample['controller']>) => (sample: Sample, hours: number) => ({
  controller: { ...sample.controller, ...of(hours) },
});
const s6With = (of: (hours: number) => Partial<Sample['controller']>) => (sample: Sample, hours: number) => ({
  agents: { ...sample.agents, s6: { ...sample.controller, ...of(hours) } },
});

const leaks: readonly {
  readonly name: string;
  readonly change: NonNullable<Made['change']>;
  readonly fails: string;
}[] = [
  {
    name: 'live memory of the controller grows by 3 MiB/h',
    change: (sample, hours) =>
      sample.controller.liveMiB === null
        ? {}
        : controllerWith(() => ({ liveMiB: 20 + 3 * growing(hours) }))(sample, hours),
    fails: 'memory in use, controller',
  },
  {
    name: 'live memory of one agent grows by 3 MiB/h',
    change: (sample, hours) =>
      sample.controller.liveMiB === null ? {} : s6With(() => ({ liveMiB: 20 + 3 * growing(hours) }))(sample, hours),
    fails: 'memory in use, the worst of 2 agents that ran throughout',
  },
  {
    name: 'resident memory grows by 30 MiB/h',
    change: controllerWith((hours) => ({ residentMiB: 100 + 30 * growing(hours) })),
    fails: 'resident memory, controller',
  },
  {
    name: 'resident memory is once 65 MiB larger than it was',
    change: (sample, hours) => controllerWith(() => ({ residentMiB: sample.cycle === 20 ? 165 : 100 }))(sample, hours),
    fails: 'resident memory at its largest, controller',
  },
  {
    name: 'a descriptor is lost in every cycle',
    change: controllerWith((hours) => ({ descriptors: 30 + Math.floor(hours * 60) })),
    fails: 'open descriptors, controller',
  },
  {
    name: 'a descriptor is lost in every cycle by an agent',
    change: s6With((hours) => ({ descriptors: 30 + Math.floor(hours * 60) })),
    fails: 'open descriptors, the worst of 2 agents that ran throughout',
  },
  {
    name: 'ticks take 8 ms longer every hour',
    change: (_, hours) => ({ tickMs: 10 + 8 * growing(hours) }),
    fails: 'duration of a tick',
  },
  {
    name: 'ticks need 4 ms more CPU every hour',
    // the sum of what grows by 4 ms an hour a tick, a tick a second
    change: controllerWith((hours) => ({ cpuMs: 3_600 * (20 * hours + 2 * hours ** 2) })),
    fails: "the controller's CPU time a tick",
  },
  {
    name: 'the share of a server wanders by 5 % of itself in half an hour',
    change: (sample, hours) => ({ shares: { ...sample.shares, s5: 0.25 * (1 + 0.1 * growing(hours)) } }),
    fails: 'share of a server when all is quiet, the one that changed most',
  },
  {
    name: 'the share of a server shrinks by 5 % of itself in half an hour',
    change: (sample, hours) => ({ shares: { ...sample.shares, s5: 0.25 * (1 - 0.1 * growing(hours)) } }),
    fails: 'share of a server when all is quiet, the one that changed most',
  },
  {
    name: 'three of a hundred ticks are left out',
    change: ({ ticks }) => ({ skippedTicks: Math.floor(ticks * 0.03) }),
    fails: 'ticks left out, without those while an agent hangs',
  },
  {
    name: 'the recording is over its limit once',
    change: ({ atMs }) => ({ recordingBytes: atMs === 60_000 ? 400_001 : 1 }),
    fails: 'recording on disk',
  },
  { name: 'nothing is recorded', change: () => ({ recordedTicks: 0 }), fails: 'recording on disk' },
  { name: 'a tick is lost to the recording', change: () => ({ lostTicks: 1 }), fails: 'ticks that the recording lost' },
  {
    name: 'the controller says 70 KiB a minute',
    change: ({ atMs }) => ({ logBytes: (atMs / 60_000) * 70 * 1_024 }),
    fails: 'log of the controller',
  },
];

for (const { name, change, fails } of leaks) {
  test(`${name}: that fails, and nothing else`, (t) => {
    t.deepEqual(failedIn({ minutes: 30, change }), [fails]);
  });
}

test('what wanders without a trend has passed', (t) => {
  const wander = (sample: Sample, hours: number): Partial<Sample> => ({
    controller: {
      ...sample.controller,
      residentMiB: 100 + 10 * Math.sin(hours * 77),
      descriptors: 30 + (sample.cycle % 3),
    },
    tickMs: sample.cycle % 7 === 0 ? 500 : 10,
    shares: { ...sample.shares, s5: 0.25 * (1 + 0.01 * Math.sin(hours * 500)) },
  });
  t.deepEqual(failedIn({ minutes: 30, change: wander }), []);
});

test('ticks that are left out while an agent hangs are explained', (t) => {
  const change = ({ atMs, cycle }: Sample): Partial<Sample> => {
    const inCycleMs = atMs % 60_000;
    return { skippedTicks: 4 * cycle + (inCycleMs >= 18_000 ? 4 : inCycleMs >= 16_000 ? 2 : 0) };
  };
  t.deepEqual(failedIn({ minutes: 10, change }), []);
});

test('on a machine without time, what times and weights look like is not judged; the rest is', (t) => {
  const tooBusy = ({ atMs }: Sample): Partial<Sample> => (atMs % 8_000 === 0 ? { machineBusy: 1 } : {});
  const late = ({ atMs }: Sample): Partial<Sample> => (atMs % 8_000 === 0 ? { sentLateMs: 101 } : {});
  for (const busyness of [tooBusy, late]) {
    const change = (sample: Sample, hours: number): Partial<Sample> => ({
      ...busyness(sample),
      tickMs: 10 + 50 * hours,
      shares: { ...sample.shares, s5: 0.25 * (1 + hours) },
      lostTicks: 1,
    });
    t.true(isTooBusy(soakOf({ minutes: 30, change }).samples));
    t.deepEqual(failedIn({ minutes: 30, change }), ['ticks that the recording lost']);
    t.is(notJudgedIn({ minutes: 30, change }).length, 2);
  }
  t.false(isTooBusy(soakOf({ minutes: 30 }).samples));
});

test('a request that failed without a reason fails the run, and is named', (t) => {
  const troubles = [{ atMs: 5_000, outcome: failedWith(503), retried: false }];
  t.deepEqual(failedIn({ minutes: 10, troubles }), ['requests that failed without a reason']);
  t.regex(verdictOf(soakOf({ minutes: 10, troubles }))[0]?.measured ?? '', /^1 of .*the first: 503$/);
});

test('a few requests die with a server that is killed; many do not', (t) => {
  const lost = (count: number) =>
    Array.from({ length: count }, () => ({ atMs: 22_500, outcome: failedWith(502), retried: false }));
  t.deepEqual(failedIn({ minutes: 1, troubles: lost(20) }), []);
  t.deepEqual(failedIn({ minutes: 1, troubles: lost(21) }), ['requests that were with a server as it was killed']);
});

test('connections that a reload closed are told', (t) => {
  const troubles = [{ atMs: 2_000, outcome: broken, retried: true }];
  const checks = verdictOf(soakOf({ minutes: 10, troubles }));
  t.true(isPassed(checks));
  t.true(checks.some(({ measured }) => measured === '1 in 20 reloads and 10 kills'));
});

test('a scrape that failed fails the run, and so does none at all', (t) => {
  for (const scrapes of [
    { count: 10, failed: 1 },
    { count: 0, failed: 0 },
  ]) {
    t.deepEqual(failedIn({ minutes: 1, scrapes }), ['scrapes of `/metrics` and `/v1/status` that failed']);
  }
});

test('what happens during the faults is no trend: only quiet times are compared', (t) => {
  const change = (sample: Sample, hours: number): Partial<Sample> =>
    sample.quiet
      ? {}
      : { tickMs: 1_000 * hours, controller: { ...sample.controller, residentMiB: 100 + 1_000 * hours } };
  t.deepEqual(failedIn({ minutes: 30, change }), []);
});
