import test from 'ava';
import { seededRandom } from '../../../shared/math/random.ts';
import { Arrivals, expectedRequests } from '../../../testbed/simulator/arrivals.ts';
import { streamsOf } from '../../../testbed/simulator/streams.ts';

/** A draw for which an exponential gap of mean 1 is 1. */
const unit = () => 1 - Math.exp(-1);

test('a gap passes at the rate of each piece that it crosses', (t) => {
  const pieces = [
    { fromMs: 0, requestsPerSecond: 1 },
    { fromMs: 2_500, requestsPerSecond: 4 },
    { fromMs: 3_000, requestsPerSecond: 4 },
    { fromMs: 3_100, requestsPerSecond: 0 },
    { fromMs: 9_000, requestsPerSecond: 2 },
  ];
  const arrivals = new Arrivals(pieces, unit);
  const times = Array.from({ length: 6 }, () => Math.round(arrivals.next()));
  // half a gap is left at 2,500 and takes 125 ms there; 0.9 of one at 3,100 waits for 9,000
  t.deepEqual(times, [1_000, 2_000, 2_625, 2_875, 9_050, 9_550]);
  t.is(expectedRequests(pieces, 9_500), 2.5 + 2 + 0.4 + 1);
});

test('there are no arrivals where the rate stays 0', (t) => {
  t.is(new Arrivals([{ fromMs: 0, requestsPerSecond: 0 }], unit).next(), Number.POSITIVE_INFINITY);
});

test('counts per second have the mean and the variance of a Poisson process', (t) => {
  const arrivals = new Arrivals([{ fromMs: 0, requestsPerSecond: 50 }], seededRandom(2));
  const counts = Array.from({ length: 4_000 }, () => 0);
  for (let atMs = arrivals.next(); atMs < 4_000_000; atMs = arrivals.next()) {
    const second = Math.floor(atMs / 1_000);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  t.true(Math.abs(mean - 50) < 0.5, `${mean}`);
  t.true(Math.abs(variance - 50) < 4, `${variance}`);
});

test('streams are independent of each other and of the number of HAProxys', (t) => {
  const draws = (haproxys: number) => {
    const { arrivals, demands, entries, servers } = streamsOf(7, 2, haproxys);
    return [arrivals, demands, entries, ...servers.flatMap(({ agent, errors }) => [agent, errors])].map((draw) =>
      draw(),
    );
  };
  t.deepEqual(draws(4), draws(1));
  t.is(new Set(draws(1)).size, 7);
});
