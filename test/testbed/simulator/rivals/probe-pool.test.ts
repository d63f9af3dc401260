import test from 'ava';
import { seededRandom } from '../../../../shared/math/random.ts';
import { best, type Probe, ProbePool, reuseBudget, worst } from '../../../../testbed/simulator/rivals/probe-pool.ts';
import { RifLatency } from '../../../../testbed/simulator/rivals/rif-latency.ts';
import { RifQuantile } from '../../../../testbed/simulator/rivals/rif-quantile.ts';

const probe = (server: number, rif: number, latencyMs: number): Probe => {
  return { server, rif, latencyMs, receivedMs: 0, usesLeft: 1 };
};
const anyone = () => true;
const never = Number.POSITIVE_INFINITY;

test('the hot-cold rule takes the fastest cold probe, and the emptiest where all are hot', (t) => {
  const some = [probe(1, 9, 5), probe(2, 3, 30), probe(3, 2, 40), probe(4, 8, 6)];
  t.is(best(some, 3)?.server, 2);
  t.is(best(some, 0)?.server, 3, 'by RIF alone');
  t.is(best(some, 100)?.server, 1, 'by latency alone');
  t.is(worst(some, 3)?.server, 1, 'the fullest hot one');
  t.is(worst(some, 100)?.server, 3, 'the slowest where none is hot');
});

test("a probe may decide as many requests as the paper's formula says", (t) => {
  t.is(reuseBudget(100).toFixed(4), (2 / (0.84 * 3 - 1)).toFixed(4));
  t.is(reuseBudget(1e9).toFixed(4), '1.0000');
  t.is(reuseBudget(25), 2 / (0.36 * 3 - 1));
  t.is(reuseBudget(5), Number.POSITIVE_INFINITY);
});

test('a pool holds 16 probes, each for a second, and one of a server, the newest', (t) => {
  const pool = new ProbePool(20, seededRandom(1));
  for (let server = 0; server < 20; server += 1) pool.add(probe(server, server, 100 - server));
  t.is(pool.take(never, 0, anyone), 19, 'the fastest');
  t.is(
    pool.take(0, 0, (server) => server < 4),
    null,
    'the first four are gone',
  );
  t.is(pool.take(never, 1_001, anyone), null, 'they are too old');
  pool.add({ ...probe(1, 0, 10), receivedMs: 1_001 });
  t.is(pool.take(never, 1_001, anyone), null, 'one is too few');
  const other = new ProbePool(20, seededRandom(1));
  other.add(probe(1, 0, 10));
  other.add(probe(2, 0, 20));
  other.add(probe(1, 0, 30));
  t.is(other.take(never, 0, anyone), 2);
});

test('probes decide as many requests as their budget on average', (t) => {
  const random = seededRandom(1);
  const runs = 5_000;
  let uses = 0;
  for (let time = 0; time < runs; time += 1) {
    const pool = new ProbePool(100, random);
    for (let server = 0; server < 16; server += 1) pool.add(probe(server, 0, server === 9 ? 1 : 20));
    for (let request = 0; request < 5; request += 1) uses += pool.take(never, 0, anyone) === 9 ? 1 : 0;
  }
  t.true(Math.abs(uses / runs - reuseBudget(100)) < 0.02, `${uses / runs}`);
});

test('a request removes the oldest and the worst probe in turn, and counts as in flight in its own', (t) => {
  const pool = new ProbePool(5, seededRandom(1));
  for (const [server, rif] of [9, 1, 2, 0, 8].entries()) pool.add(probe(server, rif, 10));
  // by RIF: server 3 twice, as 0 and 1; the third time it has 2 and server 1 is older
  t.is(pool.take(-1, 0, anyone), 3, 'server 0 is removed, the oldest');
  t.is(
    pool.take(-1, 0, (server) => server !== 1),
    3,
    'server 4 is removed, the fullest',
  );
  t.is(pool.take(-1, 0, anyone), 1, 'server 1 has fewer than server 3 by now, and is removed as the oldest');
  t.is(pool.take(-1, 0, anyone), 2);
  t.is(pool.take(-1, 0, anyone), null, 'one is left');
});

test('the quantile of RIF is over the newest 128 probes', (t) => {
  const quantile = new RifQuantile(0.75);
  t.is(quantile.value, 0);
  for (const rif of [1, 2, 3, 4]) quantile.add(rif);
  t.is(quantile.value, 3);
  for (let time = 0; time < 128; time += 1) quantile.add(7);
  t.is(quantile.value, 7);
});

test('the latency at a RIF is the median of what requests took that found as many, or in proportion', (t) => {
  const latency = new RifLatency();
  t.is(latency.estimate(3, 0), 0);
  for (const tookMs of [10, 20, 90]) latency.record(1, tookMs, 0);
  latency.record(4, 200, 0);
  t.is(latency.estimate(1, 0), 20);
  t.is(latency.estimate(0, 0), 10, 'one of two requests');
  t.is(latency.estimate(3, 0), 160, 'four is nearer than one');
  t.is(latency.estimate(99, 0), 4_000);
  for (let time = 0; time < 15; time += 1) latency.record(1, 30, 0);
  for (let time = 0; time < 8; time += 1) latency.record(1, 50, 0);
  t.is(latency.estimate(1, 0), 50, 'only the last 15 count');
  t.is(latency.estimate(1, 10_001), 0, 'nothing recent');
});
