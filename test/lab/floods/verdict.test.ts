import test from 'ava';
import type { Measured } from '../../../lab/floods/cell.ts';
import { formatSummary, tableRow } from '../../../lab/floods/report.ts';
import { verdictOf } from '../../../lab/floods/verdict.ts';

const good: Measured = {
  cell: { kind: 'pipelining', target: 'agent -- COMMAND', addresses: 256, periodMs: 1_000, warmUpMs: 3_000 },
  probed: { asked: 20, answered: 16, slowestMs: 912.3, failures: { ECONNRESET: 4 } },
  agentProblems: 0,
  weightMs: 2_500,
  rescueMs: 500,
  restMiB: 90,
  peakMiB: 239.9,
  cores: 0.25,
  endMs: 2_000,
  exitCode: 23,
  logged: [],
  logLines: 20,
  flood: { opened: 1, failed: 0, sentBytes: 0, receivedBytes: 0 },
};
const missed = (change: Partial<Measured>) =>
  verdictOf({ ...good, ...change })
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ name, measured }) => `${name}: ${measured}`);

test('a flood is harmless up to each bound, and not beyond', (t) => {
  t.deepEqual(missed({}), []);
  t.deepEqual(missed({ probed: { ...good.probed, answered: 15, failures: { TIMEOUT: 5 } } }), [
    "another client's answers: 15 of 20 5 TIMEOUT",
  ]);
  t.deepEqual(missed({ probed: { ...good.probed, asked: 0, answered: 0, failures: {} } }), [
    "another client's answers: 0 of 0",
  ]);
  t.deepEqual(missed({ agentProblems: 1 }), ["the controller's snapshots that did not come: 1"]);
  t.deepEqual(missed({ weightMs: 2_501 }), ['a weight is right again: 2,501']);
  t.deepEqual(missed({ rescueMs: 501 }), ['a rescue: 501']);
  t.deepEqual(missed({ peakMiB: 240 }), ['memory above rest: 150 MiB']);
  t.deepEqual(missed({ endMs: 2_001 }), ['SIGTERM to the end: 2,001']);
  t.deepEqual(missed({ exitCode: 0 }), ['exit code: 0']);
  t.deepEqual(missed({ logLines: 21 }), ['lines logged: 21']);
  t.deepEqual(missed({ flood: { ...good.flood, opened: 0 } }), ['the flood came through: 0 connections']);
});

test('of few requests one may miss, and behind 256 addresses that speak TLS half may', (t) => {
  const probed = (asked: number, answered: number) => ({ ...good.probed, asked, answered, failures: {} });
  t.deepEqual(missed({ probed: probed(3, 2) }), []);
  t.is(missed({ probed: probed(3, 1) }).length, 1);
  t.is(missed({ probed: probed(1, 0) }).length, 1);
  const cell = { ...good.cell, kind: 'tls pipelining' } as const;
  t.deepEqual(missed({ cell, probed: probed(20, 10) }), []);
  t.is(missed({ cell, probed: probed(20, 9) }).length, 1);
  t.is(missed({ cell: { ...cell, addresses: 1 }, probed: probed(20, 15) }).length, 1);
});

test('the bound on a weight follows the period of the ticks', (t) => {
  const cell = { ...good.cell, periodMs: 2_000 };
  t.deepEqual(missed({ cell, weightMs: 4_500 }), []);
  t.deepEqual(missed({ cell, weightMs: 4_501 }), ['a weight is right again: 4,501']);
});

test('what did not come is over every bound, and the row says how long it was waited for', (t) => {
  const late = { ...good, weightMs: null, rescueMs: null, endMs: null };
  t.is(missed(late).length, 3);
  t.regex(tableRow(late), /\| > 8,000 \| > 8,000 \|.*\| > 8,000 \| 20 \| a weight is right again, a rescue, SIGTERM/);
});

test('the summary has the worst figure of each target, and its kind', (t) => {
  const worse: Measured = {
    ...good,
    cell: { ...good.cell, kind: 'expect' },
    probed: { ...good.probed, answered: 20 },
    weightMs: null,
    peakMiB: 100,
  };
  const [, , row = ''] = formatSummary([good, worse]).split('\n');
  t.regex(row, /^\| agent -- COMMAND, from 256 \| 80 % \(pipelining\) \| > 8,000 \(expect\) \|.*\| 150 \(pipelining\)/);
});
