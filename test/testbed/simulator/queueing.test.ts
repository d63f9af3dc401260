import test from 'ava';
import type { ExperimentInput } from '../../../testbed/simulator/schema.ts';
import { run, serversOf } from './build.ts';
import { erlangC } from './theory.ts';

/** Long enough for a relative standard error under 1 %: 2 (1 + rho) / ((1 - rho)^2 n) is its square for M/M/1. */
const loads = [
  { load: 0.5, requests: 400_000 },
  { load: 0.7, requests: 1_000_000 },
  { load: 0.8, requests: 2_000_000 },
];
const demandMs = 20;
const tolerance = 0.02;
/** No request is refused or given up. */
const endless = { threads: 100_000, backlog: 1_000_000 };

function queue(load: number, requests: number, cores: number, changes: Partial<ExperimentInput>) {
  const rate = (load * cores * 1_000) / demandMs;
  const distribution = { demandMs, demandDistribution: 'exponential', timeoutMs: 600_000 } as const;
  return run({ ...distribution, load, seconds: requests / rate, warmupSeconds: 60, ...changes });
}

function isNear(value: number | null | undefined, expected: number): boolean {
  return Math.abs((value ?? Number.NaN) / expected - 1) <= tolerance;
}

for (const { load, requests } of loads) {
  test(`the mean response time of M/M/1 at ${load} is E[S] / (1 - rho), under both disciplines`, async (t) => {
    const expected = demandMs / (1 - load);
    const sharing = await queue(load, requests, 1, { fleet: serversOf(1, { cores: 1, ...endless }) });
    t.true(isNear(sharing.meanMs, expected), `processor sharing: ${sharing.meanMs}, theory ${expected}`);
    const fifo = await queue(load, requests, 1, { fleet: serversOf(1, { cores: 1, discipline: 'fifo', ...endless }) });
    t.true(isNear(fifo.meanMs, expected), `first in, first out: ${fifo.meanMs}, theory ${expected}`);
  });
}

for (const { load, requests } of loads) {
  test(`the mean response time of M/M/4 at ${load} is that of Erlang's C, first in, first out`, async (t) => {
    const cores = 4;
    const expected = demandMs + (erlangC(cores, load * cores) * demandMs) / (cores * (1 - load));
    const { meanMs } = await queue(load, requests, cores, {
      fleet: serversOf(1, { cores, discipline: 'fifo', ...endless }),
    });
    t.true(isNear(meanMs, expected), `${meanMs}, theory ${expected}`);
  });
}

test('the response time of M/M/1 has the median and 99th percentile of an exponential', async (t) => {
  const fleet = serversOf(1, { cores: 1, discipline: 'fifo', ...endless } as const);
  const { p50Ms, p99Ms } = await queue(0.5, 400_000, 1, { fleet });
  t.true(isNear(p50Ms, Math.log(2) * 40), `${p50Ms}`);
  t.true(isNear(p99Ms, Math.log(100) * 40), `${p99Ms}`);
});

test('the response time of M/G/1 depends on the variance of the demand only first in, first out', async (t) => {
  const lognormal = { demandDistribution: 'lognormal', demandCv: 1.5 } as const;
  const sharing = await queue(0.7, 1_000_000, 1, { fleet: serversOf(1, { cores: 1, ...endless }), ...lognormal });
  t.true(isNear(sharing.meanMs, demandMs / 0.3), `${sharing.meanMs}`);
  const fleet = serversOf(1, { cores: 1, discipline: 'fifo', ...endless } as const);
  const fifo = await queue(0.5, 1_000_000, 1, { fleet, ...lognormal });
  // Pollaczek and Khinchine: waiting rho / (1 - rho) (1 + cv^2) / 2 E[S]
  t.true(isNear(fifo.meanMs, demandMs * (1 + (1 + 1.5 ** 2) / 2)), `${fifo.meanMs}`);
});

test("a server's speed divides its demand", async (t) => {
  const { meanMs } = await queue(0.5, 400_000, 2, { fleet: serversOf(1, { cores: 1, speed: 2, ...endless }) });
  t.true(isNear(meanMs, 10 / 0.5), `${meanMs}`);
});

test("utilisation law and Little's law hold at every server", async (t) => {
  const cores = [1, 2, 4];
  const fleet = cores.map((count, index) => {
    const discipline = count === 2 ? ('fifo' as const) : ('processor-sharing' as const);
    return { name: `s${index}`, cores: count, discipline, ...endless };
  });
  const contender = { kind: 'static', weights: 'capacity' } as const;
  const seconds = 2_000;
  const result = await queue(0.6, 0, 7, { fleet, contender, balance: 'random', seconds });
  const rate = result.requests / seconds;
  // arrivals x demand = busy cores
  const busyCores = result.servers.reduce((sum, each, index) => sum + (each.utilisation ?? 0) * (cores[index] ?? 0), 0);
  t.true(isNear(busyCores, (rate * demandMs) / 1_000), `${busyCores}`);
  // arrivals x response time = present
  const present = result.servers.reduce((sum, { meanInFlight }) => sum + meanInFlight, 0);
  t.true(Math.abs(present / ((rate * (result.meanMs ?? 0)) / 1_000) - 1) < 0.001, `${present}`);
});
