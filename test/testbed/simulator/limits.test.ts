import test from 'ava';
import fc from 'fast-check';
import type { Request } from '../../../testbed/simulator/request.ts';
import type { SimulationResult } from '../../../testbed/simulator/result.ts';
import { balances, type ExperimentInput } from '../../../testbed/simulator/schema.ts';
import { failuresOf, run, serversOf } from './build.ts';
import { oneHaproxy } from './one-haproxy.ts';
import { erlangC } from './theory.ts';

/** Runs with other seeds: their mean, and the standard error of it. */
function estimate(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

for (const balance of ['roundrobin', 'leastconn'] as const) {
  test(`servers of one core and maxconn 1 are M/M/c with one queue, under ${balance}`, async (t) => {
    const [servers, load, demandMs] = [4, 0.7, 20];
    const runs: SimulationResult[] = [];
    for (let seed = 1; seed <= 10; seed += 1) {
      runs.push(
        await run({
          ...{ fleet: serversOf(servers, { cores: 1 }), maxconn: 1, balance, seed, load, demandMs },
          ...{ demandDistribution: 'exponential', seconds: 400, warmupSeconds: 10 },
          ...{ timeoutMs: 600_000, timeoutQueueMs: 600_000 },
        }),
      );
    }
    const waits = erlangC(servers, load * servers);
    const meanWaitMs = (waits * demandMs) / (servers * (1 - load));
    const expected = [
      [waits, ({ queue }: SimulationResult) => queue?.share],
      [meanWaitMs, ({ queue }: SimulationResult) => queue?.meanMs],
      [meanWaitMs + demandMs, ({ meanMs }: SimulationResult) => meanMs],
    ] as const;
    for (const [theory, figure] of expected) {
      const { mean, error } = estimate(runs.map((result) => figure(result) ?? Number.NaN));
      t.true(error < 0.02 * theory, `the error of ${mean} is ${error}`);
      // 0.3 % of such tests would fail by chance with 10 runs at 4 standard errors (Student's t); the seeds are fixed
      t.true(Math.abs(mean - theory) < 4 * error, `${mean} +- ${error}, theory ${theory}`);
    }
  });
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time-out' as const), which: fc.nat() }) },
);

test('a server only gets a request while it has fewer than its part of what is in flight, and at least minconn', (t) => {
  const steps = fc.array(step, { minLength: 1, maxLength: 200 });
  const limits = fc.record({ minconn: fc.integer({ min: 1, max: 4 }), maxconn: fc.integer({ min: 5, max: 2_000 }) });
  fc.assert(
    fc.property(
      steps,
      limits,
      fc.constantFrom(...balances),
      fc.integer({ min: 1, max: 4 }),
      (each, limit, balance, servers) => {
        const fullconn = 1_000;
        const { haproxy, send } = oneHaproxy({ servers, balance, fullconn, threads: 1_000, ...limit });
        const open: Request[] = [];
        for (const now of each) {
          const served = haproxy.lines.map((line) => line.served);
          const before = haproxy.sessions;
          if (now.kind === 'send') open.push(send());
          else {
            const waits = (request: Request) => request.server === -1;
            const some = open.filter((request) => waits(request) === (now.kind === 'time-out'));
            const request = some[now.which % Math.max(1, some.length)];
            if (request === undefined) continue;
            open.splice(open.indexOf(request), 1);
            if (now.kind === 'finish') haproxy.answered(request, 1);
            else haproxy.queueTimedOut(request, 1);
          }
          const inFlight = Math.max(before, haproxy.sessions);
          const most = Math.max(limit.minconn, Math.floor((inFlight * limit.maxconn) / fullconn));
          for (const [index, line] of haproxy.lines.entries()) {
            t.true(line.served <= Math.max(served[index] ?? 0, most), `${line.served} of ${inFlight}, at most ${most}`);
          }
          const counted = haproxy.lines.reduce((sum, line) => sum + line.served, haproxy.queued);
          t.is(counted, open.length);
          t.is(haproxy.sessions, open.length);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('every request ends once: answered, failed or still on its way', async (t) => {
  const events = [
    { kind: 'crash', server: 's1', fromSeconds: 2, untilSeconds: 5 },
    { kind: 'errors', server: 's2', fromSeconds: 4, share: 0.5 },
  ] as const;
  const hard: Partial<ExperimentInput> = {
    ...{ fleet: serversOf(3, { cores: 1, threads: 20, backlog: 4 }), load: 1.2, seconds: 8 },
    ...{ timeoutMs: 400, timeoutQueueMs: 250, scenario: { events: [...events] } },
  };
  const limits = [{ maxconn: 1 }, { maxconn: 3 }, { maxconn: 500, minconn: 1, fullconn: 1_000 }];
  for (const balance of balances) {
    for (const limit of limits) {
      for (const fastPath of [false, true]) {
        const result = await run({ ...hard, ...limit, balance, fastPath });
        const what = `${balance} ${JSON.stringify(limit)} ${JSON.stringify(result.failed)}`;
        t.is(result.requests, result.answered + failuresOf(result) + result.inFlight, what);
        t.true(result.answered > 0.3 * result.requests, what);
      }
    }
  }
});

test('a request that no server takes within timeout queue is answered 503, and its wait counts', async (t) => {
  const timeoutQueueMs = 300;
  const fleet = serversOf(1, { cores: 1 });
  const result = await run({ fleet, maxconn: 1, load: 2, timeoutQueueMs, demandMs: 50, seconds: 30 });
  const { queueTimeout } = result.failed;
  t.true(Math.abs(queueTimeout / result.requests - 0.5) < 0.05, `${queueTimeout} of ${result.requests}`);
  t.is(failuresOf(result), queueTimeout);
  t.true((result.queue?.share ?? 0) > 0.9);
  t.true((result.queue?.meanMs ?? 999) < timeoutQueueMs);
  t.true((result.servers[0]?.meanInFlight ?? 9) <= 1);
  t.true((result.servers[0]?.utilisation ?? 0) > 0.95);
});

test('timeout server begins when the server gets the request, not while it waits', async (t) => {
  const fleet = serversOf(1, { cores: 1 });
  const even = { fleet, demandMs: 100, demandCv: 0, maxconn: 1, seconds: 20 } as const;
  const result = await run({ ...even, rate: 12, timeoutMs: 101, timeoutQueueMs: 10_000 });
  t.is(result.failed.timeout, 0);
  t.true((result.meanMs ?? 0) > 500, `${result.meanMs}`);
});
