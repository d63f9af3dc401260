import test from 'ava';
import { exponential, seededRandom } from '../../../../shared/math/random.ts';
import {
  planArrivals,
  poissonTimes,
  requestsAt,
  steadyTimes,
  workPath,
} from '../../../../testbed/rig/load/arrivals.ts';

/** What the demo sends in 40 seconds. */
const plan = { seed: 1, fromMs: 0, toMs: 40_000, perSecond: 100, meanDemandCpuMs: 6, demandVariation: 1 };

function take<Value>(many: Iterator<Value>, count: number): Value[] {
  return Array.from({ length: count }, () => many.next().value);
}

test('a plan is the same every time, in order, within its time, and of the wanted rate', (t) => {
  const arrivals = planArrivals(plan);
  t.deepEqual(arrivals, planArrivals(plan));
  t.notDeepEqual(arrivals, planArrivals({ ...plan, seed: 2 }));
  t.true(arrivals.every(({ atMs }, index) => atMs > (arrivals[index - 1]?.atMs ?? 0) && atMs < 40_000));
  // a Poisson count of mean 4,000 has a standard deviation of 63
  t.true(Math.abs(arrivals.length - 4_000) < 4 * 63, `${arrivals.length}`);
});

test('a seed gives the requests that it always gave: the figures in the documents were measured with them', (t) => {
  const arrivals = planArrivals(plan);
  t.is(arrivals.length, 3_954);
  t.deepEqual(arrivals[0], { atMs: 8.407334445271962, demandCpuMs: 12.37944360636937 });
  t.deepEqual(arrivals.at(-1), { atMs: 39999.26532193681, demandCpuMs: 1.198988044715621 });
});

test('a rate that falls to half thins the requests out, and changes nothing before', (t) => {
  const half = planArrivals({ ...plan, partAt: (atMs) => (atMs < 20_000 ? 1 : 0.5) });
  const count = (fromMs: number, toMs: number) => half.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
  // within four standard deviations
  t.true(Math.abs(count(0, 20_000) - 2_000) < 4 * 45);
  t.true(Math.abs(count(20_000, 40_000) - 1_000) < 4 * 32);
});

test('times of a Poisson process are sums of exponential gaps, of a steady rate equal ones', (t) => {
  const random = seededRandom(3);
  const [first, second] = [exponential(random, 25), exponential(random, 25)];
  t.deepEqual(take(poissonTimes(seededRandom(3), 40), 2), [first, first + second]);
  t.deepEqual(take(steadyTimes(500), 4), [0, 2, 4, 6]);
});

test('requests ask for a path at their times', (t) => {
  t.deepEqual(
    [...requestsAt([0, 5], workPath(0.5))],
    [
      { atMs: 0, path: '/work?cpuMs=0.500' },
      { atMs: 5, path: '/work?cpuMs=0.500' },
    ],
  );
});
