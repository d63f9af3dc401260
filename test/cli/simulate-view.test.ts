import test from 'ava';
import { type Comparison, readComparison } from '../../cli/simulate/comparison.ts';
import type { Measured } from '../../cli/simulate/run.ts';
import { renderComparison } from '../../cli/view/simulate.ts';
import { renderSamples } from '../../cli/view/simulate-samples.ts';
import type { SimulationResult, TickSample } from '../../testbed/simulator/result.ts';

function sample(changes: Partial<TickSample> = {}): TickSample {
  return {
    ...{ atSeconds: 2, weights: [64, 256], up: [true, true], utilisation: [0.5, 0.25], capacity: [1, 1] },
    ...{ requests: 10, failures: 0 },
    ...changes,
  };
}

function result(changes: Partial<SimulationResult> = {}): SimulationResult {
  return {
    ...{
      requests: 1_000,
      answered: 990,
      inFlight: 0,
      retries: 0,
      queue: null,
      meanMs: 25,
      p50Ms: 13.2,
      p90Ms: 50,
      p99Ms: 187.4,
    },
    ...{
      failed: { status5xx: 1, timeout: 2, broken: 3, refused: 4, noServer: 0, queueTimeout: 0 },
      withinSecond: 0.98765,
    },
    ...{ servers: [], maxOverMean: 1.064, shareMovement: { mean: 0.0361, max: 0.2 }, allZeroTicks: 0, ticks: 30 },
    charged: null,
    samples: [sample()],
    ...changes,
  };
}

/** Results for the comparison's candidates in order, one list of seeds each. */
function measured(
  { candidates, seeds }: Comparison,
  results: readonly (readonly Partial<SimulationResult>[])[],
): Measured[] {
  return results.flatMap((runs, index) => {
    const candidate = candidates[index];
    if (candidate === undefined) return [];
    return [{ candidate, runs: runs.map((each, run) => ({ seed: seeds[run] ?? 0, result: result(each) })) }];
  });
}

const three = readComparison({ scenario: 'noisy', policy: ['none', 'capacity', 'oracle'], balance: ['leastconn'] });

test('the table has a heading, its lines by their mean, and a note on what the figures mean', (t) => {
  const runs = [[{ meanMs: 30 }, { meanMs: 10 }, { meanMs: 20 }], [{ meanMs: 19.5 }], [{ meanMs: 250.4 }]];
  t.is(
    renderComparison(three, measured(three, runs), 1_530),
    `fleet het: 5 servers, 13 cores, capacity 650 requests/s of 20 ms
load 70%: 455 requests/s through 1 HAProxy
scenario noisy: 60 s after 20 s of warm-up
  at 15 s s5 has 50 % of its capacity for 30 s; the CPU metric shows it
medians of seeds 1 to 3; 9 runs in 1.5 s

POLICY         BALANCE    MEAN ms P50 ms P99 ms  IN 1 s  FAILED MAX/MEAN  MOVED
capacity       leastconn     19.5   13.2    187  98.77%   1.00%     1.06   3.6%
none           leastconn     20.0   13.2    187  98.77%   1.00%     1.06   3.6%
oracle         leastconn      250   13.2    187  98.77%   1.00%     1.06   3.6%

MEAN to P99: answers and time-outs, without other failures. MAX/MEAN: of the
servers' utilisations. MOVED: sum of the changes of their shares per tick.
oracle and static know the true capacities: for comparison, not for use.
Not in the model: keep-alive, stickiness, cache warm-up, several classes of
requests. docs/simulation.md explains the consequences.`,
  );
});

test('missing lines are counted, and an oracle that did not run is not mentioned', (t) => {
  const text = renderComparison(three, measured(three, [[{}, {}, {}]]), 100);
  t.regex(text, /^medians of seeds 1 to 3; 3 runs in 0\.1 s; 2 lines missing$/m);
  t.notRegex(text, /oracle/);
});

test('the median of an even number of runs lies between two; an unknown one is a dash and comes last', (t) => {
  const comparison = readComparison({ policy: ['none', 'stress'], balance: ['random'], seeds: '2' });
  const nothing = { requests: 0, meanMs: null, p50Ms: null, p99Ms: null, withinSecond: null, maxOverMean: null };
  const runs = [
    [nothing, nothing],
    [{ meanMs: 10 }, { meanMs: 40 }],
  ];
  const rows = renderComparison(comparison, measured(comparison, runs), 0).split('\n').slice(6, 8);
  t.regex(rows[0] ?? '', /^stress +random +25\.0 /);
  t.regex(rows[1] ?? '', /^none +random( +-){6} /);
});

test('ticks with every weight 0 are reported for the worst run', (t) => {
  const text = renderComparison(three, measured(three, [[{ allZeroTicks: 0 }, { allZeroTicks: 4 }]]), 0);
  t.regex(text, /^! none, leastconn: every weight was 0 \(a 503 for all\) at 4 ticks$/m);
});

test('where more than 1 % fail, a note says that times are not the whole result', (t) => {
  const failing = (status5xx: number) => {
    const failed = { status5xx, timeout: 0, broken: 0, refused: 0, noServer: 0, queueTimeout: 0 };
    return renderComparison(three, measured(three, [[{ failed }], [{}]]), 0);
  };
  t.regex(failing(11), /^! .*compare FAILED before MEAN\.$/m);
  t.notRegex(failing(10), /before MEAN/);
});

test("the heading has the scenario's loads or the rate, a single seed, and a run that ends too early", (t) => {
  const flash = readComparison({ scenario: 'flash-150', seeds: '1', haproxys: '4', fleet: '1' });
  t.regex(renderComparison(flash, [], 0), /^your fleet: 1 server, 1 cores?, .*\nload 70%, at times 150%: 35 /);
  t.regex(renderComparison(flash, [], 0), /through 4 HAProxys\n[\s\S]*\nseed 1; 0 runs/);
  const short = readComparison({ scenario: 'crash-1', rate: '65', seconds: '20' });
  t.regex(
    renderComparison(short, [], 0),
    /\nload 10%: 65 requests.*\n.*\n! never happens, as the run ends at 20 s: at 20 s s3 crashes\n/,
  );
  const enough = readComparison({ scenario: 'crash-1', seconds: '21' });
  t.regex(renderComparison(enough, [], 0), /\n {2}at 20 s s3 crashes until the end\n/);
  t.is(readComparison({ scenario: 'blackhole' }).scenario, 'fails-fast', 'a former name');
});

test('the largest values fit 80 columns', (t) => {
  const fleet = Array.from({ length: 2_000 }, () => '1023.7x99.5').join(',');
  const comparison = readComparison({
    ...{ fleet, demandMs: '59999.9', rate: '999999.9', seconds: '0.5', warmupSeconds: '0.1', seed: '4294966000' },
    ...{ haproxys: '100', policy: ['pick-one', 'oracle'], balance: ['roundrobin'], seeds: '1000' },
  });
  const worst = { meanMs: 600_000, p50Ms: 600_000, p99Ms: 600_000, withinSecond: 1, maxOverMean: 2_000 };
  const more = {
    failed: { status5xx: 1_000, timeout: 0, broken: 0, refused: 0, noServer: 0, queueTimeout: 0 },
    allZeroTicks: 86_400,
  };
  const runs = [{ ...worst, ...more, shareMovement: { mean: 2, max: 2 } }];
  const text = renderComparison(comparison, measured(comparison, [runs, runs]), 1e9);
  for (const line of text.split('\n')) t.true(line.length <= 80, line);
  t.regex(text, / 600000 600000 600000 100\.00% 100\.00%/);
});

test('samples show weight, utilisation and state of each server, or of the first of many', (t) => {
  const two = readComparison({ fleet: '1,4', policy: ['capacity'], balance: ['random'], seed: '5', seeds: '1' });
  const samples = [sample({ atSeconds: -2 }), sample({ up: [true, false], utilisation: [null, 0.2] })];
  const [each] = measured(two, [[{ samples }]]);
  if (each === undefined) throw new Error('no candidate');
  t.is(
    renderSamples(each),
    `capacity, random, seed 5: weight and utilisation, tick by tick
   TIME       s1       s2
   -2 s  64  50% 256  25%
    2 s  64    - 256 down`,
  );
  const twenty = readComparison({ fleet: 'twenty' });
  const [many] = measured(twenty, [[{}]]);
  if (many === undefined) throw new Error('no candidate');
  const text = renderSamples(many);
  t.regex(text, /\n13 more servers: --json --samples$/);
  for (const line of text.split('\n')) t.true(line.length <= 80, line);
});
