import test from 'ava';
import type { ContenderName } from '../../../../lab/evaluation/contenders.ts';
import { statisticsOf } from '../../../../lab/evaluation/report/cell-statistics.ts';
import { claimsRule } from '../../../../lab/evaluation/report/tables/claims.ts';
import { groupTables, reactionTable } from '../../../../lab/evaluation/report/tables/group.ts';
import { leastconnRule, leastconnTable } from '../../../../lab/evaluation/report/tables/leastconn.ts';
import { machineTable } from '../../../../lab/evaluation/report/tables/setting.ts';
import { timesTable } from '../../../../lab/evaluation/report/tables/times.ts';
import type { ScenarioName } from '../../../../lab/evaluation/scenarios.ts';
import { cellOf, requestsOf, resultsOf, run } from './results-folder.ts';

/** Ten requests: nine answered in this time, and one failed. */
function cell(scenario: ScenarioName, contender: ContenderName, ms: number, repetition = 1) {
  const outcomes = Array.from({ length: 10 }, (_, index) => [ms, index === 0 ? 503 : 200] as const);
  return statisticsOf(cellOf({ scenario, contender, repetition, requests: requestsOf(outcomes) }));
}

test('each measured scenario has a table, and each contender a row with median, least and most', (t) => {
  const results = resultsOf(
    cell('steady-50', 'roundrobin', 12),
    cell('steady-50', 'roundrobin', 10, 2),
    cell('steady-50', 'roundrobin', 1_500, 3),
    cell('steady-50', 'leastconn', 200),
    cell('fails-fast', 'random', 7),
  );
  t.is(
    groupTables(results, 'steady'),
    `**\`steady-50\`: steady load of 50 %** (up to 10 requests a run)

| contender | mean, ms | p50, ms | p90, ms | p99, ms | mean with failures as 5 s | within 1 s, % | failed, % |
|---|---|---|---|---|---|---|---|
| \`roundrobin\` | 12.0 (10.0–1500) | 12.0 (10.0–1500) | 12.0 (10.0–1500) | 12.0 (10.0–1500) | 511 (509–1850) | 90.0 (0–90.0) | 10.0 |
| \`leastconn\` | 200 | 200 | 200 | 200 | 680 | 90.0 | 10.0 |`,
  );
  t.is(groupTables(results, 'flash'), 'Not measured.');
});

test('times have a row for each contender and a column for each scenario, failures charged', (t) => {
  const good = (scenario: ScenarioName, ms: number) =>
    statisticsOf(cellOf({ scenario, contender: 'roundrobin+maxconn-2', requests: requestsOf([[ms, 200]]) }));
  const results = resultsOf(cell('steady-50', 'leastconn', 12), good('steady-50', 12), good('wait-150', 170));
  t.is(
    timesTable(results),
    `| mean / p99, ms | \`steady-50\` | \`wait-150\` |
|---|---|---|
| \`leastconn\` | 511 / 5000, 10.0 % failed | – |
| \`roundrobin+maxconn-2\` | 12.0 / 12.0 | 170 / 170 |`,
  );
  t.is(timesTable(resultsOf()), 'Not measured.');
});

test('the cost of a fault is failed and slow requests, only in scenarios with a fault', (t) => {
  const results = resultsOf(
    cell('steady-50', 'roundrobin', 12),
    cell('removed-1', 'roundrobin', 12),
    cell('removed-1', 'roundrobin', 1_001, 2),
    cell('fails-fast', 'leastconn', 10),
  );
  t.is(
    reactionTable(results),
    `| contender | \`removed-1\` | \`fails-fast\` |
|---|---|---|
| \`roundrobin\` | 1 + 4.5 (0–9) | – |
| \`leastconn\` | – | 1 + 0 |`,
  );
  t.is(reactionTable(resultsOf(cell('steady-50', 'roundrobin', 12))), 'Not measured.');
});

test("leastconn is compared with haweight's best in the words of the rule", (t) => {
  const results = resultsOf(
    cell('steady-50', 'leastconn', 120),
    cell('steady-50', 'capacity+leastconn', 100),
    cell('fails-fast', 'leastconn', 50),
  );
  const [, , ...rows] = leastconnTable(results).split('\n');
  t.deepEqual(rows, [
    '| `steady-50` | 608 / 5000 / 10.0 | `capacity+leastconn`: 590 / 5000 / 10.0 | 1.03 | 1.00 | **yes** |',
    '| `fails-fast` | 545 / 5000 / 10.0 | – | – | – | not measured |',
  ]);
  t.regex(leastconnRule(), /at most 10 % above .* failed request charged as 5 s/);
  t.regex(claimsRule(), /`paper\+roundrobin` here, its baseline `least-utilised\+roundrobin`/);
});

test('the machine is described as the run recorded it', (t) => {
  const rows = machineTable({ run }).split('\n');
  t.true(rows.includes('| processor | Test CPU \\| 3 GHz, 2 cores |'));
  t.true(rows.includes('| memory | 8.0 GiB |'));
  t.true(rows.includes('| capacity, requests/s | 130 (s1 10, s2 20, s3 20, s4 40, s5 40) |'));
  t.true(
    machineTable({ run: { ...run, capacityAlone: null } }).includes('| the same while other stacks were idle | – |'),
  );
});
