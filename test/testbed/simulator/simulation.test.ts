import test from 'ava';
import fc from 'fast-check';
import { imbalance, ticksToConverge } from '../../../testbed/simulator/convergence.ts';
import { fleets } from '../../../testbed/simulator/fleets.ts';
import { type SimulationResult, sharesOf } from '../../../testbed/simulator/result.ts';
import { scenarios } from '../../../testbed/simulator/scenarios.ts';
import { type ExperimentInput, experimentSchema } from '../../../testbed/simulator/schema.ts';
import { simulate } from '../../../testbed/simulator/simulate.ts';
import { experiment, failuresOf, run, serversOf } from './build.ts';

const inverseLoad = { kind: 'policy', policy: 'inverse-load' } as const;
const equal = { kind: 'static', weights: 'equal' } as const;
const oracle = { kind: 'oracle' } as const;

test('the same seed gives the same result to the last bit, and another seed another result', async (t) => {
  const changes = { fleet: fleets.het, contender: inverseLoad, balance: 'random', haproxys: 2 } as const;
  const result = await run({ ...changes, seed: 4 });
  t.deepEqual(await run({ ...changes, seed: 4 }), result);
  t.notDeepEqual(await run({ ...changes, seed: 5 }), result);
});

test('every contender gets the same requests with the same demands', async (t) => {
  const contenders: Partial<ExperimentInput>[] = [
    { contender: equal, balance: 'leastconn' },
    { contender: oracle, balance: 'random', haproxys: 3 },
    { contender: inverseLoad, balance: 'roundrobin' },
  ];
  // nothing arrives in the last seconds, so all work is done at the end
  const loads = [{ fromSeconds: 10, untilSeconds: 20, load: 0 }];
  const results: SimulationResult[] = [];
  for (const each of contenders) results.push(await run({ load: 0.4, scenario: { loads }, ...each }));
  const facts = results.map(({ requests, inFlight, samples, servers }) => ({
    requests,
    inFlight,
    perTick: samples.map((sample) => sample.requests),
    work: servers.reduce((sum, { utilisation }) => sum + (utilisation ?? 0), 0).toFixed(9),
  }));
  t.true((facts[0]?.requests ?? 0) > 1_000);
  for (const fact of facts) t.deepEqual(fact, facts[0]);
});

test("weights change through the controller's own loop, and its configuration counts", async (t) => {
  const changes = { fleet: fleets.het, contender: inverseLoad, balance: 'random' } as const;
  const moved = await run(changes);
  const last = moved.samples.at(-1)?.weights ?? [];
  t.is(Math.max(...last), 256);
  t.true((last[4] ?? 0) > 2.5 * (last[0] ?? 0), `${last}`);
  const dry = await run({ ...changes, contender: { ...inverseLoad, config: { dryRun: true } } });
  t.deepEqual(dry.samples.at(-1)?.weights, [100, 100, 100, 100, 100]);
  t.is(dry.shareMovement.max, 0);
});

test('every HAProxy has a controller of its own, at instants spread over the period', async (t) => {
  const { ticks, samples } = await run({ haproxys: 4, seconds: 19, contender: inverseLoad });
  // the tenth tick of the last one would be at 19.5 s
  t.is(ticks, 4 * 10 - 1);
  t.is(samples.length, 10);
});

test('the oracle follows a change of capacity at once', async (t) => {
  const events = [{ kind: 'slow', server: 's1', fromSeconds: 10.5, untilSeconds: 14.5, factor: 0.5 } as const];
  const { samples } = await run({ contender: oracle, scenario: { events } });
  t.deepEqual(
    samples.map(({ weights }) => weights[0]),
    [256, 256, 256, 256, 256, 256, 128, 128, 256, 256, 256],
  );
});

test("in a crash open requests break, others are retried elsewhere, and HAProxy's checks notice", async (t) => {
  const events = [{ kind: 'crash', server: 's1', fromSeconds: 6, untilSeconds: 12 } as const];
  const { failed, retries, samples, servers } = await run({ load: 0.5, scenario: { events } });
  t.true(failed.broken > 0 && failed.broken < 30, `${failed.broken}`);
  t.deepEqual(
    { ...failed, broken: 0 },
    { status5xx: 0, timeout: 0, broken: 0, refused: 0, noServer: 0, queueTimeout: 0 },
  );
  t.true(retries > 50, `${retries}`);
  // fall 3 and rise 2 at one check a second
  t.deepEqual(
    samples.map(({ up }) => up[0]),
    [true, true, true, true, true, false, false, true, true, true, true],
  );
  t.deepEqual([samples[5]?.utilisation[0], samples[5]?.capacity[0]], [null, 0]);
  t.true((servers[0]?.utilisation ?? 0) > 0.3, 'of the time that it was there');
});

test('requests of a removed sole server are refused until its checks fail, then find no server', async (t) => {
  const events = [{ kind: 'removed', server: 's1', fromSeconds: 5 } as const];
  const { failed, samples, retries } = await run({
    fleet: serversOf(1, { cores: 2 }),
    load: 0.3,
    scenario: { events },
  });
  t.true(failed.refused > 30 && failed.noServer > 200, JSON.stringify(failed));
  t.is(retries, 3 * failed.refused);
  t.is(samples.at(-1)?.up[0], false);
});

test('with all weights 0 every request is answered 503 and the tick is counted', async (t) => {
  const fleet = serversOf(3, { cores: 1, configuredWeight: 0 });
  const result = await run({ fleet, contender: inverseLoad });
  t.is(result.failed.noServer, result.requests);
  t.is(result.allZeroTicks, result.ticks);
  t.is(result.meanMs, null, 'a quick failure is not a response time');
  t.is((await run({ contender: inverseLoad })).allZeroTicks, 0);
});

test('with threads and accept queue full, further connections are refused', async (t) => {
  const fleet = serversOf(1, { cores: 1, threads: 2, backlog: 3 });
  const { failed, answered, servers } = await run({ fleet, load: 3, demandMs: 100 });
  t.true(failed.refused > 0.5 * answered, JSON.stringify(failed));
  t.true((servers[0]?.meanInFlight ?? 9) <= 5);
  t.true((servers[0]?.utilisation ?? 0) > 0.95);
});

test('the client gets 504 at the time-out, and the server works on', async (t) => {
  const fleet = serversOf(1, { cores: 1, threads: 50, backlog: 1_000 });
  const changes = { fleet, load: 2, demandMs: 100, timeoutMs: 1_000, seconds: 30 };
  const { failed, p99Ms, servers, withinSecond } = await run(changes);
  t.true(failed.timeout > 300, `${failed.timeout}`);
  t.is(Math.round(p99Ms ?? 0), 1_000);
  t.true((withinSecond ?? 1) < 0.3);
  t.true((servers[0]?.utilisation ?? 0) > 0.95, 'it does not know that no client waits');
});

test('errors answer their share with 500 at once, and a blackhole draws far more under leastconn', async (t) => {
  const during = { server: 's1', fromSeconds: 0 };
  const scenario: Partial<ExperimentInput> = { scenario: { events: [{ kind: 'errors', ...during, share: 0.3 }] } };
  const some = await run({ ...scenario, load: 0.3 });
  t.true(Math.abs(some.failed.status5xx / some.requests - 0.06) < 0.01, `${some.failed.status5xx}`);
  const all = await run({ balance: 'leastconn', scenario: { events: [{ kind: 'blackhole', ...during }] } });
  t.true(all.failed.status5xx / all.requests > 0.4, `${all.failed.status5xx}`);
  t.true((all.servers[0]?.utilisation ?? 1) < 0.01);
});

test('a server that answers 429 to everything is cut under every balance: it does no work, and is not the most capable', async (t) => {
  const plan = scenarios.get('sheds')?.(fleets.hom);
  const shed = async (changes: Partial<ExperimentInput>) => {
    const result = await run({ ...plan, fleet: fleets.hom, ...changes });
    return failuresOf(result) / result.requests;
  };
  for (const balance of ['roundrobin', 'leastconn', 'random'] as const) {
    const without = await shed({ balance });
    t.true(without > 0.19, `${balance} without a controller: ${without}`);
    for (const policy of ['inverse-load', 'capacity'] as const) {
      const share = await shed({ balance, contender: { kind: 'policy', policy } });
      t.true(share < 0.06, `${balance}, ${policy}: ${share}`);
    }
  }
});

test('a hidden slowdown slows as much as a visible one', async (t) => {
  const slowed = (kind: 'slow' | 'hidden-slow') => {
    return run({ scenario: { events: [{ kind, server: 's1', fromSeconds: 0, factor: 0.5 }] } });
  };
  const visible = await slowed('slow');
  t.deepEqual(await slowed('hidden-slow'), visible);
  t.true((visible.meanMs ?? 0) > 3 * ((await run()).meanMs ?? 0));
});

test('the load follows the scenario', async (t) => {
  const loads = [
    { fromSeconds: 4, untilSeconds: 8, load: 0 },
    { fromSeconds: 8, untilSeconds: 12, load: 1.4 },
  ];
  const { samples } = await run({ fleet: serversOf(40, { cores: 4 }), scenario: { loads } });
  const perSecond = samples.slice(1).map(({ requests }) => Math.round(requests / 2_000 / 0.7) * 0.7);
  t.deepEqual(
    perSecond.map((rate) => rate.toFixed(1)),
    ['5.6', '5.6', '0.0', '0.0', '11.2', '11.2', '5.6', '5.6', '5.6', '5.6'],
  );
});

test('the share within a second is of all requests, answered or not', async (t) => {
  const fleet = serversOf(1, { cores: 1, discipline: 'fifo', backlog: 1_000 });
  const result = await run({ fleet, load: 0.5, demandMs: 990, demandCv: 0, seconds: 10_000, timeoutMs: 60_000 });
  // M/D/1 at 0.5: half find an idle server and take 0.99 s, 0.5 % more find the last 10 ms of a request; the rest wait
  t.true(Math.abs((result.withinSecond ?? 0) - 0.505) < 0.02, `${result.withinSecond}`);
  t.true(result.answered > 0.99 * result.requests);
});

test('measurements begin after the warm-up', async (t) => {
  const loads = [{ fromSeconds: 0, untilSeconds: 60, load: 0.2 }];
  const { servers, requests } = await run({ load: 0.9, warmupSeconds: 60, seconds: 60, scenario: { loads } });
  // 10 cores at 20 ms do 500 requests/s
  t.true(Math.abs(requests - 6_000) < 4 * 78, `${requests}`);
  for (const { utilisation } of servers) t.true(Math.abs((utilisation ?? 1) - 0.2) < 0.05, `${utilisation}`);
});

test('shares count only the weights of servers that are up', (t) => {
  t.deepEqual(sharesOf({ weights: [100, 50, 50], up: [false, true, true] }), [0, 0.5, 0.5]);
  t.deepEqual(sharesOf({ weights: [100, 0], up: [false, true] }), [0, 0]);
});

test('convergence counts the ticks until the weights first suit the capacities', (t) => {
  const at = (tick: number, weights: readonly number[]) => ({
    ...{ atSeconds: 2 * tick, weights, up: [true, true], capacity: [1, 3] },
    ...{ utilisation: [0.5, 0.5], requests: 0, failures: 0 },
  });
  const samples = [at(0, [100, 100]), at(1, [60, 100]), at(2, [30, 100]), at(3, [100, 100]), at(4, [100, 100])];
  t.is(imbalance(samples[0] ?? at(0, [])), 1.5);
  const oneDown = { ...at(0, [100, 100, 100]), up: [false, true, true], capacity: [0, 1, 3] };
  t.is(imbalance(oneDown), 1.5, 'what is down has no part in it');
  t.is(ticksToConverge(samples, 0), 3);
  t.is(ticksToConverge(samples, 2), 2);
  t.is(ticksToConverge(samples, 0, 1.5), 1);
  t.is(ticksToConverge(samples, 6), null);
});

test('every request is accounted for', async (t) => {
  const event = fc.record({
    kind: fc.constantFrom('crash', 'blackhole', 'frozen-agent'),
    server: fc.constantFrom('s1', 's2'),
    fromSeconds: fc.integer({ min: 0, max: 5 }),
  });
  const sketch = fc.record({
    load: fc.constantFrom(0.3, 0.9, 2),
    timeoutMs: fc.constantFrom(200, 5_000),
    balance: fc.constantFrom('roundrobin', 'leastconn', 'random'),
    haproxys: fc.integer({ min: 1, max: 3 }),
    warmupSeconds: fc.constantFrom(0, 2),
    seed: fc.nat(1_000),
    contender: fc.constantFrom<ExperimentInput['contender']>(inverseLoad, equal, oracle, {
      kind: 'policy',
      policy: 'paper',
    }),
    threads: fc.constantFrom(2, 200),
    events: fc.array(event, { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(sketch, async ({ threads, events, ...changes }) => {
      const fleet = serversOf(2, { cores: 2, threads, backlog: 5 });
      const result = await run({ ...changes, fleet, seconds: 6, scenario: { events } });
      t.is(result.requests, result.answered + failuresOf(result) + result.inFlight);
      t.true(result.inFlight <= 2 * (threads + 5));
    }),
    { numRuns: 60 },
  );
});

test('every named scenario runs on every fleet', async (t) => {
  for (const [name, build] of scenarios) {
    for (const fleet of Object.values(fleets)) {
      const planned = experimentSchema.parse({ fleet, contender: inverseLoad, demandMs: 100, ...build(fleet) });
      const result = await simulate({ ...planned, seconds: 1, warmupSeconds: 0 });
      t.true(result.requests > 0, name);
    }
  }
});

test('a run yields to other work, reports its progress, and ends when told to', async (t) => {
  const long = experiment({ rate: 2_000, demandMs: 1, seconds: 1_000 });
  const controller = new AbortController();
  const seen: number[] = [];
  const onProgress = (done: number) => {
    seen.push(done);
    if (seen.length === 3) controller.abort(new Error('enough'));
  };
  await t.throwsAsync(simulate(long, { onProgress, signal: controller.signal }), { message: 'enough' });
  t.is(seen.length, 3);
  t.true(
    seen.every((done, index) => done > (seen[index - 1] ?? 0) && done < 1),
    `${seen}`,
  );
});
