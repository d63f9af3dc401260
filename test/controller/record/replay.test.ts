import test from 'ava';
import fc from 'fast-check';
import { Comparison, compareTick } from '../../../controller/record/comparison.ts';
import type { TickRecord } from '../../../controller/record/recording.ts';
import { BackendReplay } from '../../../controller/record/replay.ts';
import type { Decision } from '../../../shared/contract/decision.ts';
import { policyNames } from '../../../shared/contract/policy-names.ts';
import { algorithm, limitReading, sketch, ticksOf } from '../support/arbitrary.ts';
import { observed } from '../support/build.ts';
import { recordingOf, recordOf, settings, start } from './support.ts';

/** A server on an ordinary day, mostly with a limit. */
const limited = fc
  .record({ each: sketch, limit: fc.option(limitReading, { nil: undefined }) })
  .map(({ each, limit }) => {
    return { ...each, ...(limit === undefined ? {} : { limit }) };
  });

/** As a recording gives them back. */
function readBack(records: readonly TickRecord[]): TickRecord[] {
  return JSON.parse(JSON.stringify(records));
}

function replay(records: readonly TickRecord[], changes: Partial<ConstructorParameters<typeof BackendReplay>[1]> = {}) {
  const backend = new BackendReplay('web', { policy: 'equal', settings: null, ...changes });
  const faults = records.flatMap((record) => {
    const compared = backend.tick(record);
    return compared.ok ? [] : [compared.error];
  });
  return { summary: backend.summary, faults };
}

const decision = (server: string, weight: number, changes: Partial<Decision> = {}): Decision => {
  return { server, weight, write: false, drained: false, load: null, delta: null, reasons: [], ...changes };
};

for (const [index, policy] of policyNames.entries()) {
  test(`${policy}: a recording replayed with its own policy and settings is decided the same`, (t) => {
    fc.assert(
      fc.property(ticksOf(limited, 3), algorithm, (ticks, balance) => {
        const { repeated, meanShareDifference } = replay(readBack(recordingOf(ticks, policy, [], balance)), {
          policy,
        }).summary;
        return repeated.ticks === ticks.length && repeated.equal === ticks.length && (meanShareDifference ?? 0) === 0;
      }),
      { numRuns: 60, seed: 500 + index },
    );
    t.pass();
  });
}

const calmTicks = Array.from({ length: 6 }, () => ({
  observations: [observed('a', { cores: 1 }), observed('b', { cores: 3 })],
  elapsedMs: 2_000,
}));

test('a decision that is not as recorded is counted, and when the first was', (t) => {
  const records = recordingOf(calmTicks, 'inverse-load');
  const altered = records.map((record, tick) => {
    return tick < 4 ? record : { ...record, decisions: record.decisions.map((each) => ({ ...each, load: 0.123 })) };
  });
  const { repeated } = replay(readBack(altered), { policy: 'inverse-load' }).summary;
  t.deepEqual(repeated, { ticks: 6, equal: 4, firstDifferenceAt: start + 4 * 2_000 });
});

test('other settings are no repetition, and are what is decided with', (t) => {
  const observations = [observed('a', { utilisation: { cpu: 0.2, ram: 0.7 } }), observed('b')];
  const records = recordingOf(
    calmTicks.map((tick) => ({ ...tick, observations })),
    'inverse-load',
  );
  const other = { ...settings, factors: { cpu: 1, ram: 0, bandwidth: 0, threads: 0 } };
  const { summary } = replay(records, { policy: 'inverse-load', settings: other });
  t.is(summary.repeated.ticks, 0);
  t.true((summary.meanShareDifference ?? 0) > 0.05);
});

const hot = { cpu: 0.9 };

test('the sums: shares, changes, drains and outages, against figures worked out by hand', (t) => {
  const comparison = new Comparison();
  const observations = [observed('a'), observed('b')];
  const add = (tick: number, recorded: readonly Decision[], replayed: readonly Decision[]) =>
    comparison.add(recordOf(observations, recorded, { tick, at: start + tick * 2_000 }), replayed);
  const write = { write: true };
  const drained = { drained: true };
  add(1, [decision('a', 50, write), decision('b', 150, write)], [decision('a', 100), decision('b', 100)]);
  add(
    2,
    [decision('a', 0, { ...write, ...drained }), decision('b', 150)],
    [decision('a', 50, write), decision('b', 150)],
  );
  add(3, [decision('a', 0, drained), decision('b', 0, drained)], [decision('a', 100), decision('b', 0, drained)]);
  const { summary } = comparison;
  t.like(summary, { ticks: 3, servers: 2, from: start + 2_000, to: start + 6_000 });
  t.deepEqual(summary.weightChanges, { recorded: 3, replayed: 1 });
  t.deepEqual(summary.drains, { recorded: 2, replayed: 1 });
  t.deepEqual(summary.allZeroTicks, { recorded: 1, replayed: 0 });
  t.is(summary.meanShareDifference, (0.25 * 4 + 1 + 0) / 6);
  t.deepEqual(summary.largestDifference, { at: start + 6_000, server: 'a', share: { recorded: 0, replayed: 1 } });
});

test('a server over its threshold: which of the two had more share for it, if it was in rotation and its agent spoke', (t) => {
  const comparison = new Comparison();
  const observations = [
    observed('more', { utilisation: hot }),
    observed('more too', { utilisation: hot }),
    observed('less', { utilisation: hot }),
    observed('same', { utilisation: hot }),
    observed('cool'),
    observed('out', { utilisation: hot, exclusion: 'down' }),
    observed('silent', { stale: true }),
  ];
  const recorded = [10, 40, 90, 60, 50, 70, 0].map((weight, index) =>
    decision(observations[index]?.server ?? '', weight),
  );
  const replayed = [50, 50, 50, 60, 40, 0, 0].map((weight, index) =>
    decision(observations[index]?.server ?? '', weight),
  );
  comparison.add(recordOf(observations, recorded), replayed);
  t.deepEqual(comparison.summary.overThreshold, { moreShare: 2, lessShare: 1, sameShare: 1 });
});

test('shares are of those in rotation, and 0 where every weight is 0', (t) => {
  const observations = [observed('a'), observed('b'), observed('c', { exclusion: 'down' })];
  const record = recordOf(observations, [decision('a', 30), decision('b', 90), decision('c', 100)]);
  const { servers } = compareTick(record, [decision('a', 0), decision('b', 0), decision('c', 100)]);
  t.deepEqual(
    servers.map(({ weight, share }) => [weight.recorded, weight.replayed, share]),
    [
      [30, 0, { recorded: 0.25, replayed: 0 }],
      [90, 0, { recorded: 0.75, replayed: 0 }],
      [100, 100, null],
    ],
  );
});

test('missing ticks, a cut beginning and a restart are told apart; each start learns anew', (t) => {
  const records = recordingOf(calmTicks, 'inverse-load');
  const gap = replay(records.toSpliced(2, 2)).summary;
  t.like(gap, { ticks: 4, missingTicks: 2, runs: 1, cutRuns: 0 });
  const cut = replay(records.slice(3)).summary;
  t.like(cut, { ticks: 3, missingTicks: 0, runs: 1, cutRuns: 1 });
  const restarted = [...records, ...records.map((record) => ({ ...record, run: start + 60_000 }))];
  const both = replay(readBack(restarted), { policy: 'inverse-load' }).summary;
  t.like(both, { ticks: 12, missingTicks: 0, runs: 2, cutRuns: 0 });
  t.is(both.repeated.equal, 12);
});

test('a tick that is there twice is left out and named', (t) => {
  const records = recordingOf(calmTicks, 'inverse-load');
  const { summary, faults } = replay([...records, ...records.slice(4)]);
  t.is(summary.ticks, 6);
  t.deepEqual(faults, [
    'tick 5 is not after tick 6: is a file given twice?',
    'tick 6 is not after tick 6: is a file given twice?',
  ]);
});
