import test from 'ava';
import { prequal } from '../../../../testbed/simulator/rivals/prequal.ts';
import type { ExperimentInput } from '../../../../testbed/simulator/schema.ts';
import { failuresOf, run } from '../build.ts';
import { Client } from './build.ts';

test('probes decide a millisecond after they were sent, with what the servers had on their way', (t) => {
  const servers = [0, 1, 2].map(() => ({ inService: 0, waiting: 0 }));
  const client = new Client(3, (agenda) => prequal({ servers, agenda }));
  const latencyOf = (index: number, tookMs: number) => {
    const request = client.send(index);
    client.goTo(client.agenda.nowMs + tookMs);
    client.end(index, request);
  };
  for (const [index, tookMs] of [30, 20, 10].entries()) latencyOf(index, tookMs);
  client.dispatch.pick(null);
  const sentMs = client.agenda.nowMs;
  client.goTo(sentMs + 0.9);
  // no answer has come, so servers are drawn; these picks send probes as well
  t.true(client.picks(30).every((count) => count > 3));
  client.goTo(sentMs + 1);
  t.is(client.dispatch.pick(null)?.index, 2, 'the fastest');
});

test('a server with more in flight than the others is passed over, whatever its latency was', (t) => {
  const servers = [9, 1, 1, 1, 1, 1, 1, 1].map((inService) => ({ inService, waiting: 0 }));
  const client = new Client(servers.length, (agenda) => prequal({ servers, agenda }));
  for (let atMs = 1; atMs < 1_000; atMs += 1) {
    client.dispatch.pick(null);
    client.goTo(atMs);
  }
  t.is(client.picks(1)[0], 0);
});

/**
 * The paper's testbed in small: every machine has twice the cores that the job is allocated there; neighbours leave a fifth of them
 * no more than the allocation, and the others all. Load is a share of the allocation, so 0.55 of the machines at 1.1.
 */
const [machines, allocatedCores] = [20, 2];
function testbed(loadOfAllocation: number, rival: 'prequal' | 'grpc-wrr') {
  const fleet: ExperimentInput['fleet'] = Array.from({ length: machines }, (_, index) => ({
    ...{ name: `s${index + 1}`, cores: 2 * allocatedCores, threads: 5_000 },
    usableCores: index % 5 === 0 ? allocatedCores : 2 * allocatedCores,
  }));
  const rate = (loadOfAllocation * machines * allocatedCores) / 0.02;
  const lengths = { warmupSeconds: 12, seconds: 20, demandCv: 1 } as const;
  return run({ fleet, rate, haproxys: 10, contender: { kind: 'rival', rival }, ...lengths });
}

test('above the allocation weighted round robin by utilisation ends in time-outs, and Prequal does not, as in the paper', async (t) => {
  const [probes, weights] = [await testbed(1.1, 'prequal'), await testbed(1.1, 'grpc-wrr')];
  t.is(weights.p99Ms, 5_000);
  t.is(failuresOf(probes), 0);
  t.true((probes.p99Ms ?? 5_000) < 500, `${probes.p99Ms}`);
  const fullest = (result: typeof probes) => Math.max(...result.servers.map(({ meanInFlight }) => meanInFlight));
  // in production: 5 to 10 times fewer in flight at the fullest servers
  t.true(fullest(probes) < fullest(weights) / 5, `${fullest(probes)} and ${fullest(weights)}`);
  // utilisation is what weighted round robin balances, and Prequal does not
  t.true((weights.maxOverMean ?? 2) < 1.1 && (probes.maxOverMean ?? 0) > 1.3);
});

test('well below the allocation the medians of the two are alike', async (t) => {
  const [probes, weights] = [await testbed(0.5, 'prequal'), await testbed(0.5, 'grpc-wrr')];
  t.true(Math.abs((probes.p50Ms ?? 0) / (weights.p50Ms ?? 1) - 1) < 0.15, `${probes.p50Ms} and ${weights.p50Ms}`);
});
