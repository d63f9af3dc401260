import test from 'ava';
import { fleets } from '../../../testbed/simulator/fleets.ts';
import { parseExperiment } from '../../../testbed/simulator/parse-experiment.ts';
import { simulate } from '../../../testbed/simulator/simulate.ts';
import { troubles } from '../../../testbed/simulator/troubles.ts';
import { failuresOf, run, serversOf } from './build.ts';

for (const [scenario] of troubles) {
  for (const fleet of ['hom', 'pair', 'disk'] as const) {
    test(`${scenario} is an experiment with the fleet ${fleet}`, (t) => {
      const { seconds } = parseExperiment({ fleet, scenario, contender: { kind: 'oracle' } }, 'x');
      t.true(seconds >= 50);
    });
  }
}

test('a program of one thread is as fast on four cores as on one, and shows a quarter of them busy', async (t) => {
  const load = { rate: 100, demandCv: 0, seconds: 60 };
  const small = await run({ ...load, fleet: serversOf(4, { cores: 1 }) });
  const large = await run({ ...load, fleet: serversOf(4, { cores: 4, usableCores: 1 }) });
  t.is(large.meanMs, small.meanMs);
  const [one, four] = [small, large].map(({ servers }) => servers[0]?.utilisation ?? 0);
  t.true(Math.abs((one ?? 0) - 4 * (four ?? 0)) < 1e-9, `${one} ${four}`);
});

test('a request waits its mean wait without CPU, and then works', async (t) => {
  // at 5 % load nothing queues: 20 ms of work after 200 ms
  const load = { rate: 25, demandCv: 0, seconds: 600, timeoutMs: 60_000 };
  const { meanMs, servers } = await run({ ...load, fleet: serversOf(5, { cores: 2, ioMs: 200 }) });
  t.true(Math.abs((meanMs ?? 0) - 220) < 6, `${meanMs}`);
  // Little's law: 5 requests/s x 0.22 s at each; CPU 5 x 0.02 s / 2 cores
  t.true(Math.abs((servers[0]?.meanInFlight ?? 0) - 1.1) < 0.1, `${servers[0]?.meanInFlight}`);
  t.true(Math.abs((servers[0]?.utilisation ?? 0) - 0.05) < 0.01, `${servers[0]?.utilisation}`);
});

test('waiting requests have threads: when all are taken, others wait to be accepted, then are refused', async (t) => {
  const fleet = serversOf(1, { cores: 2, ioMs: 1_000, threads: 10, backlog: 0 });
  const result = await run({ fleet, rate: 40, seconds: 300, timeoutMs: 60_000 });
  // Erlang B, 10 threads and 40 x 1.02 s of offered traffic: 77 %, and some more while checks find it full, too
  const lost = failuresOf(result) / result.requests;
  t.true(lost > 0.75 && lost < 0.9, `${lost}`);
  t.true((result.servers[0]?.meanInFlight ?? 0) <= 10);
});

test('a slow disk lengthens waits, and no CPU metric shows it', async (t) => {
  const fleet = serversOf(2, { cores: 2, ioMs: 10 });
  const events = [{ kind: 'slow-disk', server: 's1', fromSeconds: 0, times: 50 } as const];
  const { servers } = await run({ fleet, load: 0.1, seconds: 300, scenario: { events } });
  const [stuck, other] = servers;
  t.true((stuck?.meanInFlight ?? 0) > 5 * (other?.meanInFlight ?? 0));
  t.true(Math.abs((stuck?.utilisation ?? 0) - (other?.utilisation ?? 0)) < 0.01);
});

test('after a move of the address every new request comes to the other HAProxy', async (t) => {
  const scenario = { addressMoves: [{ fromSeconds: 10, toHaproxy: 2 }] };
  const [first, second] = [await run({ haproxys: 2, scenario }), await run({ haproxys: 1 })];
  t.is(first.requests, second.requests);
  t.is(failuresOf(first), 0);
});

test('a rolling restart takes each server once, and never two at a time', (t) => {
  const { scenario } = parseExperiment({ fleet: 'het', scenario: 'rolling', contender: { kind: 'oracle' } }, 'x');
  const events = scenario.events.toSorted((a, b) => a.fromSeconds - b.fromSeconds);
  t.deepEqual(
    events.map(({ server }) => server),
    fleets.het.map(({ name }) => name),
  );
  for (const [index, { fromSeconds }] of events.entries())
    t.true(fromSeconds >= (events[index - 1]?.untilSeconds ?? 0));
});

test('a metric at rest is there from before what is measured', async (t) => {
  const contender = { kind: 'policy', policy: 'inverse-load' };
  const shape = { fleet: 'hom', warmupSeconds: 10, seconds: 10, contender };
  const usual = await simulate(parseExperiment({ ...shape, scenario: 'steady-50' }, 'x'));
  const resting = await simulate(parseExperiment({ ...shape, scenario: 'threads-standing' }, 'x'));
  const weight = ({ samples }: typeof usual) => samples.find(({ atSeconds }) => atSeconds >= 0)?.weights[2] ?? 0;
  t.true(weight(resting) < weight(usual));
});

test('with a wait each request takes that much longer, and no CPU metric shows it', async (t) => {
  const fleet = serversOf(2, { cores: 2 });
  const events = (['s1', 's2'] as const).map((server) => ({ kind: 'wait', server, fromSeconds: 0, ms: 150 }) as const);
  const [without, waiting] = [await run({ fleet }), await run({ fleet, scenario: { events } })];
  const [before = 0, after = 0] = [without.meanMs, waiting.meanMs].map((mean) => mean ?? 0);
  t.true(Math.abs(after - before - 150) < 0.1 * before, `${before}, ${after}`);
  const busy = [without, waiting].map(({ servers }) => servers[0]?.utilisation ?? 0);
  t.true(Math.abs((busy[0] ?? 0) - (busy[1] ?? 1)) < 0.02, `${busy}`);
});

test('slow requests need so many times as much work, and the mean of all stays', async (t) => {
  const fleet = serversOf(1, { cores: 100, threads: 10_000 });
  const idle = { fleet, load: 0.02, demandMs: 100, demandCv: 0, seconds: 500 } as const;
  const { meanMs, p50Ms, p99Ms } = await run({ ...idle, slowShare: 0.1, slowTimes: 10 });
  // 0.9 x + 0.1 x 10 x = 100
  t.is((p50Ms ?? 0).toFixed(1), (100 / 1.9).toFixed(1));
  t.is((p99Ms ?? 0).toFixed(1), (1_000 / 1.9).toFixed(1));
  t.true(Math.abs((meanMs ?? 0) - 100) < 2, `${meanMs}`);
});

test('a wait that takes no thread leaves the only worker free for others', async (t) => {
  const one = { cores: 1, discipline: 'fifo', workers: 1, ioMs: 1_000, backlog: 1_000 } as const;
  const shared = {
    load: 0.5,
    demandMs: 20,
    demandDistribution: 'exponential',
    seconds: 400,
    warmupSeconds: 20,
  } as const;
  const asynchronous = await run({ ...shared, fleet: serversOf(1, { ...one, asyncIo: true }), timeoutMs: 60_000 });
  // the wait, and then M/M/1
  t.true(Math.abs((asynchronous.meanMs ?? 0) - 1_040) < 30, `${asynchronous.meanMs}`);
  t.is(failuresOf(asynchronous), 0);
  const blocking = await run({ ...shared, fleet: serversOf(1, one) });
  t.true(failuresOf(blocking) > 0.9 * blocking.requests, 'one request a second');
});
