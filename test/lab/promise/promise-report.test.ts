import test from 'ava';
import type { Pair } from '../../../lab/promise/comparison.ts';
import { formatReport, type Measured, reportOf } from '../../../lab/promise/report.ts';
import type { Written } from '../../../lab/promise/weight-writer.ts';
import type { Outcome } from '../../../testbed/rig/load/outcome.ts';
import { Tally } from '../../../testbed/rig/load/tally.ts';
import { broken, failedWith, outcomeOf } from '../../support/outcome.ts';

const written: Written = { changes: 500, zeroes: 100, lost: 0, writes: 100 };
const still: Written = { changes: 0, zeroes: 0, lost: 0, writes: 100 };
const goal = { requests: 1_200, changes: 1_000 };

function tallyOf(...outcomes: readonly Outcome[]): Tally {
  const tally = new Tally();
  for (let count = 0; count < 100 - outcomes.length; count += 1) tally.add(outcomeOf({ endedAtMs: 1 + count / 100 }));
  for (const outcome of outcomes) tally.add(outcome);
  return tally;
}

/** Two algorithms of six pairs of 100 requests each, and a controller; all is well but for what is asked. */
function measured(
  changes: { pair?: Pair; written?: Written; still?: Written; controllerChanges?: number; limited?: number } = {},
): Measured {
  const pairs = Array.from({ length: 6 }, () => ({ changing: tallyOf(), still: tallyOf() }));
  const first = { balance: 'roundrobin', pairs, written, still, seconds: 1 };
  const second = {
    balance: 'leastconn',
    pairs: changes.pair === undefined ? pairs : [...pairs.slice(1), changes.pair],
    written: changes.written ?? written,
    still: changes.still ?? still,
    seconds: 1,
  };
  const controller = {
    requestsPerSecond: 40,
    pairs,
    changes: changes.controllerChanges ?? 9,
    zeroes: 1,
    limited: changes.limited ?? 24,
    latestMs: 1,
  };
  return { writes: [first, second], controller, seconds: 3 };
}

const failed = (some: Measured, wanted = goal) =>
  reportOf(some, wanted)
    .checks.filter(({ verdict }) => verdict === 'failed')
    .map(({ name }) => name);

test('a run with a million answers and a thousand changes has passed', (t) => {
  const report = reportOf(measured(), goal);
  t.true(report.passed);
  t.deepEqual(report.failures, {});
  t.deepEqual(
    report.phases.map(({ requests, failed: lost, changes }) => [requests, lost, changes]),
    [
      [600, 0, 500],
      [600, 0, 500],
      [600, 0, 9],
    ],
  );
  t.regex(formatReport(report), /\| leastconn \| 600 \| 0 \| 500 \(100\) \|.*none measurable: 0\.00 ms/);
});

test('one failed request fails the run, with changes or without', (t) => {
  for (const outcome of [failedWith(503), broken]) {
    const both = [
      { changing: tallyOf(outcome), still: tallyOf() },
      { changing: tallyOf(), still: tallyOf(outcome) },
    ];
    for (const pair of both) {
      t.deepEqual(failed(measured({ pair })), ['requests that failed']);
      t.false(reportOf(measured({ pair }), goal).passed);
    }
  }
});

test('fewer requests or changes than asked for fail the run', (t) => {
  t.deepEqual(failed(measured(), { ...goal, requests: 1_201 }), ['requests while weights changed']);
  t.deepEqual(failed(measured(), { ...goal, changes: 1_001 }), ['changes of weights that took effect']);
});

test('lost weights, weights that change by themselves and a controller that does nothing are failures', (t) => {
  const lost = 'weights sent that HAProxy did not have afterwards';
  t.deepEqual(failed(measured({ written: { ...written, lost: 1 } })), [lost]);
  t.deepEqual(failed(measured({ still: { ...still, lost: 1 } })), [lost]);
  t.deepEqual(failed(measured({ still: { ...still, changes: 1 } })), ['weights that changed though none was to']);
  t.deepEqual(failed(measured({ controllerChanges: 0 })), ['changes by the running controller']);
  t.deepEqual(failed(measured({ limited: 0 })), ['servers with a limit of the controller']);
});
