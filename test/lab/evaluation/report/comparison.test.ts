import test from 'ava';
import type { ContenderName } from '../../../../lab/evaluation/contenders.ts';
import { statisticsOf } from '../../../../lab/evaluation/report/cell-statistics.ts';
import { compare, improvementOf } from '../../../../lab/evaluation/report/comparison.ts';
import { betterTable, claimResults } from '../../../../lab/evaluation/report/tables/claims.ts';
import { aloneResult } from '../../../../lab/evaluation/report/tables/leastconn.ts';
import { rankingOf } from '../../../../lab/evaluation/report/tables/ranking.ts';
import { verdictOnImprovement, verdictOnShare } from '../../../../lab/evaluation/report/verdict.ts';
import type { ScenarioName } from '../../../../lab/evaluation/scenarios.ts';
import { cellOf, requestsOf, resultsOf } from './results-folder.ts';

/** Cells whose answered requests all took this long, one per repetition; `failed` of 100 requests fail. */
function cells(scenario: ScenarioName, contender: ContenderName, times: readonly number[], failed = 0) {
  return times.map((ms, index) => {
    const outcomes = Array.from({ length: 100 }, (_, request) => [ms, request < failed ? 503 : 200] as const);
    return statisticsOf(cellOf({ scenario, contender, repetition: index + 1, requests: requestsOf(outcomes) }));
  });
}

/** One cell whose requests took these times. */
function mixed(scenario: ScenarioName, contender: ContenderName, times: readonly number[]) {
  const outcomes = times.map((ms) => [ms, 200] as const);
  return [statisticsOf(cellOf({ scenario, contender, requests: requestsOf(outcomes) }))];
}

test('times are compared in pairs of the same repetition and seed', (t) => {
  const one = cells('flash-135', 'paper+roundrobin', [90, 60, 200]);
  const other = cells('flash-135', 'roundrobin', [100, 100, 100]);
  t.deepEqual(compare(resultsOf(one, other), 'flash-135', 'paper+roundrobin', 'roundrobin', 'meanMs'), {
    ratio: { median: 0.9, min: 0.6, max: 2, count: 3 },
    faster: 2,
    extraFailed: 0,
  });
  const [first, second] = other;
  const strange = [first, second && { ...second, seed: second.seed + 1 }].filter((cell) => cell !== undefined);
  const found = compare(resultsOf(one, strange), 'flash-135', 'paper+roundrobin', 'roundrobin', 'meanMs');
  t.is(found?.ratio.count, 1, 'other requests and a missing repetition make no pair');
  t.is(compare(resultsOf(one), 'flash-135', 'paper+roundrobin', 'roundrobin', 'meanMs'), null);
});

test('an improvement over scenarios is the one worked out by hand', (t) => {
  const results = resultsOf(
    cells('flash-135', 'paper+roundrobin', [40, 50, 80], 3),
    cells('flash-135', 'roundrobin', [100, 100, 100]),
    cells('flash-188', 'paper+roundrobin', [200, 200, 200], 1),
    cells('flash-188', 'roundrobin', [100, 100, 100]),
    cells('flash-240', 'paper+roundrobin', [200, 200, 200]),
  );
  const found = improvementOf(
    results,
    ['flash-135', 'flash-188', 'flash-240'],
    'paper+roundrobin',
    'roundrobin',
    'meanMs',
  );
  const rounded = found && {
    ...found,
    improvement: found.improvement.toFixed(4),
    least: found.least.toFixed(4),
    most: found.most.toFixed(4),
    extraFailed: found.extraFailed.toFixed(4),
  };
  // sqrt(0.5 x 2) = 1, sqrt(0.8 x 2) = 1.2649, sqrt(0.4 x 2) = 0.8944; failed (3 % + 1 %) / 2
  t.deepEqual(rounded, {
    improvement: '0.0000',
    least: '-0.2649',
    most: '0.1056',
    pairs: 6,
    faster: 3,
    extraFailed: '0.0200',
    scenarios: ['flash-135', 'flash-188'],
  });
});

const plain = { improvement: 0.2, least: 0.1, most: 0.3, pairs: 6, faster: 6, extraFailed: 0, scenarios: [] };

for (const { name, claimed, measured, verdict } of [
  { name: 'nothing measured', claimed: 0.1, measured: null, verdict: 'not measured' },
  { name: 'even the worst above the claim', claimed: 0.09, measured: plain, verdict: 'better' },
  { name: 'the worst at the claim', claimed: 0.1, measured: plain, verdict: 'reproduced' },
  { name: 'the best at the claim', claimed: 0.3, measured: plain, verdict: 'reproduced' },
  { name: 'the best below the claim', claimed: 0.31, measured: plain, verdict: 'not reproduced' },
  { name: 'slower in a pair', claimed: 0.2, measured: { ...plain, least: 0 }, verdict: 'not reproduced' },
] as const) {
  test(`an improvement with ${name} is ${verdict}`, (t) => {
    t.is(verdictOnImprovement(claimed, measured), verdict);
  });
}

test('the verdict on a share within a second is by the median of every scenario', (t) => {
  t.is(verdictOnShare(0.9, [], []), 'not measured');
  t.is(verdictOnShare(0.9, [0.99, 0.9], [0.95, 0.5]), 'reproduced');
  t.is(verdictOnShare(0.9, [0.99, 0.899], [0.99, 0.899]), 'not reproduced');
  t.is(verdictOnShare(0.9, [0.99, 0.97], [0.96, 0.95]), 'better');
  t.is(verdictOnShare(0.9, [0.99, 0.97], [0.96, 0.949]), 'reproduced');
});

test('each claim of the publication is compared with its own rival, in its own situation', (t) => {
  const results = resultsOf(
    cells('flash-188', 'paper+roundrobin', [80, 80, 80]),
    cells('flash-188', 'least-utilised+roundrobin', [88, 84, 90]),
    cells('flash-188', 'roundrobin', [100, 100, 100]),
    cells('removed-1', 'paper+roundrobin', [100, 100, 100], 5),
    cells('removed-2', 'paper+roundrobin', [100, 100, 100], 20),
    cells('removed-2', 'roundrobin', [200, 200, 200]),
  );
  t.deepEqual(
    claimResults(results).map(({ claimed, measured, answered, verdict }) => [claimed, measured, answered, verdict]),
    [
      ['5.7 % better', '+9.1 % (+4.8 % to +11.1 %)', '+9.1 % (+4.8 % to +11.1 %)', 'reproduced'],
      ['15.2 % better', '+20.0 %', '+20.0 %', 'better'],
      ['12.5 % better', '+9.1 % (+4.8 % to +11.1 %)', '+9.1 % (+4.8 % to +11.1 %)', 'not reproduced'],
      ['22.3 % better', '+20.0 %', '+20.0 %', 'not reproduced'],
      ['20.7 % better', '–', '–', 'not measured'],
      // (80 x 100 ms + 20 x 5 s) / 100 = 1,080 ms against 200 ms
      ['21.4 % better', '-440.0 %', '+50.0 %', 'not reproduced'],
      ['90.0 %', '100 % in `flash-188`, the lowest', '', 'better'],
      ['90.0 %', '80.0 % in `removed-2`, the lowest', '', 'not reproduced'],
    ],
  );
});

test('only measured contenders have a row in the possible improvement', (t) => {
  const results = resultsOf(
    cells('flash-188', 'capacity+leastconn', [25, 25, 25], 1),
    cells('flash-188', 'roundrobin', [100, 100, 100]),
  );
  const [, , ...rows] = betterTable(results).split('\n');
  // (99 x 25 ms + 5 s) / 100 = 74.75 ms against 100 ms
  t.deepEqual(rows, ['| `capacity+leastconn` | flash crowds | – | +25.2 % | – | 1.00 |']);
});

test("leastconn alone is enough within a tenth of haweight's best, failures included", (t) => {
  const alone = cells('steady-70', 'leastconn', [109, 109, 109]);
  const best = cells('steady-70', 'capacity+leastconn', [100, 100, 100]);
  const cheat = cells('steady-70', 'inverse-load+random', [50, 50, 50], 10);
  const slower = cells('steady-70', 'capacity+random', [107, 107, 107]);
  const enough = aloneResult(resultsOf(alone, best, cheat, slower), 'steady-70');
  t.deepEqual([enough?.best, enough?.mean, enough?.p99, enough?.isEnough], ['capacity+leastconn', 1.09, 1.09, true]);
  const slow = cells('steady-70', 'leastconn', [111, 111, 111]);
  t.is(aloneResult(resultsOf(slow, best, cheat), 'steady-70')?.isEnough, false);
  const failing = cells('steady-70', 'leastconn', [50, 50, 50], 2);
  t.is(aloneResult(resultsOf(failing, best), 'steady-70')?.isEnough, false, 'its mean and p99 are those of who waits');
  const uneven = mixed('steady-70', 'leastconn', [...Array.from({ length: 9 }, () => 90), 120]);
  const [mean, p99] = [0.93, 1.2];
  const result = aloneResult(resultsOf(uneven, best), 'steady-70');
  t.deepEqual([result?.mean, result?.p99, result?.isEnough], [mean, p99, false], 'its p99 is not');
  t.is(aloneResult(resultsOf(alone), 'steady-70'), null);
});

test('the ranking is by the mean relative to the oracle, with failures', (t) => {
  const results = resultsOf(
    cells('steady-50', 'oracle+leastconn', [100, 100, 100]),
    cells('steady-70', 'oracle+leastconn', [100, 100, 100]),
    cells('steady-50', 'roundrobin', [200, 200, 200]),
    cells('steady-70', 'roundrobin', [800, 800, 800]),
    cells('removed-3', 'stress+random', [10, 10, 10], 4),
    cells('steady-50', 'leastconn', [110, 120, 130]),
    mixed('steady-70', 'inverse-load+random', [50, 550]),
    cells('fails-fast', 'random', [10, 10, 10]),
  );
  t.deepEqual(
    rankingOf(results).map(({ contender, mean, p99, scenarios, failed, leastWithinSecond }) => [
      contender,
      mean?.toFixed(2),
      p99?.toFixed(2),
      scenarios,
      failed,
      leastWithinSecond,
    ]),
    [
      ['oracle+leastconn', '1.00', '1.00', 2, 0, 1],
      ['leastconn', '1.20', '1.20', 1, 0, 1],
      ['inverse-load+random', '3.00', '5.50', 1, 0, 1],
      ['roundrobin', '4.00', '4.00', 2, 0, 1],
      ['random', undefined, undefined, 0, 0, 1],
      ['stress+random', undefined, undefined, 0, 0.04, 0.96],
    ],
  );
});
