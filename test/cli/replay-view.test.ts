import test from 'ava';
import { renderReplaySummary, renderReplayTick } from '../../cli/view/replay.ts';
import type { ServerComparison } from '../../controller/record/comparison.ts';
import type { ReplaySummary } from '../../controller/record/replay.ts';

const at = Date.UTC(2026, 10, 22, 7, 34, 32);

function compared(server: string, recorded: number, replayed: number, difference = 0): ServerComparison {
  return { server, weight: { recorded, replayed }, share: { recorded: 0.5, replayed: 0.5 + difference } };
}

test('a tick is one line: time, backend, and recorded>replayed weights in the order of the servers', (t) => {
  const servers = [compared('web1', 180, 256), compared('web2', 200, 256, 0.2)];
  t.is(renderReplayTick({ at, backend: 'web', servers }), '07:34:32 web  web1 180>256  web2 200>256');
});

test('of many servers those that differ most are shown, and how many are not', (t) => {
  const servers = Array.from({ length: 40 }, (_, index) => compared(`web${index}`, 100, 256, index / 100));
  const line = renderReplayTick({ at, backend: 'web', servers });
  t.is(line, '07:34:32 web  web39 100>256  web38 100>256  web37 100>256  +37 more');
});

test('a tick fits 80 columns whatever the names', (t) => {
  const long = 'a-name-that-is-much-too-long-for-a-line-of-eighty-characters';
  for (const count of [1, 2, 3, 10]) {
    const servers = Array.from({ length: count }, (_, index) => compared(`${long}${index}`, 256, 256));
    t.true(renderReplayTick({ at, backend: long, servers }).length <= 80);
  }
});

const summary: ReplaySummary = {
  backend: 'web',
  policy: 'capacity',
  recordedPolicies: ['inverse-load'],
  runs: 1,
  cutRuns: 0,
  missingTicks: 0,
  outcomes: { written: 100, 'dry-run': 0, refused: 0 },
  ticks: 100,
  servers: 3,
  from: at,
  to: at + 200_000,
  meanShareDifference: 0.0123,
  largestDifference: { at, server: 'web2', share: { recorded: 0.31, replayed: 0.12 } },
  weightChanges: { recorded: 120, replayed: 34 },
  drains: { recorded: 2, replayed: 1 },
  allZeroTicks: { recorded: 0, replayed: 0 },
  overThreshold: { moreShare: 1, lessShare: 7, sameShare: 2 },
  repeated: { ticks: 0, equal: 0, firstDifferenceAt: null },
  failedTicks: 0,
  failure: null,
};

test('a summary tells what differs, and nothing of what did not happen', (t) => {
  t.is(
    renderReplaySummary(summary),
    `web: inverse-load recorded, capacity replayed
  100 ticks of 3 servers, 2026-11-22T07:34:32Z to 2026-11-22T07:37:52Z

                                              recorded   replayed
  weight changes written                           120         34
  servers drained                                    2          1
  ticks with every weight 0 (a 503 for all)          0          0

  shares differ by 1.23% of the traffic in the mean
  at most at 2026-11-22T07:34:32Z on web2:
  31.0% recorded, 12.0% replayed
  over a threshold: a server for a tick, 10 times; replayed it had then
  less share in 7, more in 1, the same in 2`,
  );
});

for (const [what, changes, expected] of [
  [
    'repeated',
    { repeated: { ticks: 9, equal: 9, firstDifferenceAt: null } },
    /as recorded: all 9 ticks are decided the same/,
  ],
  [
    'not repeated',
    { repeated: { ticks: 9, equal: 7, firstDifferenceAt: at } },
    /7 of 9 ticks .*\n.* is not at 2026-11-22T07:34:32Z/,
  ],
  ['of several starts', { runs: 3 }, /started 3 times/],
  ['cut', { cutRuns: 1 }, /middle of a run/],
  ['with gaps', { missingTicks: 4 }, /4 ticks between these are missing/],
  ['of a dry run', { outcomes: { written: 0, 'dry-run': 100, refused: 0 } }, /100 of 100 ticks were a dry run/],
  ['refused', { outcomes: { written: 90, 'dry-run': 0, refused: 10 } }, /took no weights at 10 ticks/],
  [
    'failed',
    { failedTicks: 5, failure: 'policy capacity: '.padEnd(200, 'x') },
    /failed at 5 ticks: policy capacity: x+…/,
  ],
] as const) {
  test(`a summary of a recording that is ${what} says so, within 80 columns`, (t) => {
    const text = renderReplaySummary({ ...summary, ...changes });
    t.regex(text, expected);
    t.notRegex(renderReplaySummary(summary), expected);
    for (const line of text.split('\n')) t.true(line.length <= 80, line);
  });
}

test('the longest of everything fits 80 columns', (t) => {
  const name = 'x'.repeat(100);
  const count = 10 ** 8;
  const text = renderReplaySummary({
    ...summary,
    backend: name,
    policy: 'pick-one',
    recordedPolicies: ['pick-one', 'inverse-load', 'capacity'],
    ticks: count,
    servers: 10_000,
    largestDifference: { at, server: name, share: { recorded: 1, replayed: 1 } },
    weightChanges: { recorded: count, replayed: count },
    overThreshold: { moreShare: count, lessShare: count, sameShare: count },
  });
  for (const line of text.split('\n')) t.true(line.length <= 80, line);
});
