import test from 'ava';
import { following, followingParts } from '../../../../../controller/decide/policies/adaptive/following.ts';
import {
  type HiddenMemory,
  hiddenBottlenecks,
  nothingHidden,
  smoothed,
} from '../../../../../controller/decide/policies/adaptive/hidden.ts';
import { loadFactors } from '../../../../../controller/decide/policies/adaptive/load-factor.ts';
import { stretch } from '../../../../../controller/decide/policies/adaptive/queueing.ts';
import { shrink } from '../../../../../controller/decide/policies/adaptive/shrink.ts';
import { standingQueues } from '../../../../../controller/decide/policies/adaptive/standing-queue.ts';
import { weightedMedian } from '../../../../../controller/decide/policies/adaptive/weighted-median.ts';
import { addWork, noWork, stretchOf } from '../../../../../controller/decide/policies/adaptive/work.ts';
import { factors, observed } from '../../../support/build.ts';

const near = (a: number | undefined, b: number, tolerance = 1e-9) => Math.abs((a ?? Number.NaN) - b) <= tolerance;

test('the weighted median: half of the weight on each side; of two, their mean; of none, null', (t) => {
  const of = (...pairs: [number, number][]) => weightedMedian(pairs.map(([value, weight]) => ({ value, weight })));
  t.is(of(), null);
  t.is(of([3, 1]), 3);
  t.is(of([0, 3], [4, 1]), 1);
  t.is(of([5, 1], [1, 1], [2, 1]), 2);
  t.is(of([0, 5], [1, 1], [2, 1]), 0);
  t.is(of([0, 1], [1, 1], [2, 1], [3, 1]), 1.5);
});

test('the stretch of one core is 1 / (1 - u), and many cores wait less', (t) => {
  t.true(near(stretch(0.5, 1), 2));
  t.true(near(stretch(0.9, 1), 10));
  t.true(stretch(0.9, 4) < 3.5);
  t.true(near(stretch(0, 4), 1));
});

const estimate = (log: number, change = 0) => ({ log, variance: 0.0025, change });

test('equal servers: differences that chance explains are none', (t) => {
  t.deepEqual(
    shrink([0.03, -0.04, 0.02, 0.05, -0.06].map((log) => estimate(log))).map((log) => near(log, 0, 1e-9)),
    [...[true, true, true, true, true]],
  );
});

test('unequal servers are kept as they are; one odd one among equals too', (t) => {
  const logs = [-0.22, -0.1, 0, 0.1, 0.18];
  for (const [index, log] of shrink(logs.map((log) => estimate(log))).entries())
    t.true(near(log, logs[index] ?? 0, 0.01));
  const [odd, ...even] = shrink([-0.7, 0, 0, 0, 0].map((log) => estimate(log)));
  t.true(near(odd, -0.7, 0.01));
  t.true(even.every((log) => near(log, 0, 0.15)));
});

test('a change that was just found is kept whole', (t) => {
  t.true(near(shrink([estimate(-0.1, -0.3), estimate(0), estimate(0)])[0], -0.1));
});

test('a tick without a success counts where requests are under way, and says nothing where none is', (t) => {
  const none = { ok: 0, errors: 0, clientErrors: 0 };
  const busy = addWork(noWork, observed('a', { traffic: none, inFlight: 3, utilisation: { cpu: 0.5 } }), 2_000);
  t.deepEqual(busy, { requests: 0, busyCoreSeconds: 2, coreSeconds: 4, seconds: 2 });
  t.deepEqual(addWork(noWork, observed('a', { traffic: none, utilisation: { cpu: 0.5 } }), 2_000), noWork);
});

test('what other HAProxys counted counts; threads and RAM do not; bandwidth does', (t) => {
  const elsewhere = { ok: 50, started: 50, inFlight: 0 };
  const sketch = { elsewhere, utilisation: { cpu: 0.2, bandwidth: 0.5, threads: 0.9, ram: 0.9 } };
  t.deepEqual(addWork(noWork, observed('a', sketch), 2_000), {
    ...{ requests: 150, busyCoreSeconds: 2, coreSeconds: 4, seconds: 2 },
  });
});

test('nothing is learned from a server that is stale, just up, not counted, or whose cpu is unknown', (t) => {
  for (const sketch of [{ stale: true }, { upForMs: 1_000 }, { traffic: null }, { utilisation: { cpu: null } }]) {
    t.is(addWork(noWork, observed('a', sketch), 2_000), noWork);
  }
});

test('few requests are collected, for ten seconds at most; chance is known', (t) => {
  const work = { requests: 9, busyCoreSeconds: 2, coreSeconds: 4, seconds: 2 };
  t.is(stretchOf(work, 2.25), null);
  t.is(stretchOf({ ...work, requests: 0, seconds: 60 }, 2.25), null);
  t.true(near(stretchOf({ ...work, seconds: 10 }, 2.25)?.log, Math.log(4.5)));
  t.true(near(stretchOf({ ...work, requests: 90 }, 2.25)?.variance, 0.025 + 0.04 ** 2 * 1.04));
});

interface Seen {
  readonly cores: number;
  readonly cpu: number;
  readonly inFlight: number;
  /** A tick. */
  readonly requests?: number;
}

/** The cut of each of these servers after some ticks. */
function hiddenAfter(ticks: number, servers: readonly Seen[]): number[] {
  let memories: HiddenMemory[] = servers.map(() => nothingHidden);
  for (let tick = 0; tick < ticks; tick += 1) {
    const subjects = servers.map(({ cores, cpu, inFlight, requests = 70 }, index) => {
      const traffic = { ok: requests, errors: 0, clientErrors: 0 };
      const before = memories[index] ?? nothingHidden;
      const now = observed(`s${index}`, { cores, inFlight, traffic, utilisation: { cpu } });
      return { memory: smoothed(before, now, { cores, coreTicks: null }), cores };
    });
    memories = hiddenBottlenecks(subjects, 2.25).map(({ memory }) => memory);
  }
  return memories.map(({ log }) => log);
}

const oneThread = { cores: 4, cpu: 0.22, inFlight: 7.3 };

test('one thread on four cores is found, and so is a disk; what all wait for is not theirs', (t) => {
  const idle = { cores: 1, cpu: 0.25, inFlight: 0.33 };
  const logs = hiddenAfter(6, [idle, idle, oneThread, oneThread, oneThread]);
  t.deepEqual(logs.slice(0, 2), [0, 0]);
  t.true(logs.slice(2).every((log) => log < -0.5));
  t.deepEqual(hiddenAfter(10, [oneThread, oneThread, oneThread]), [0, 0, 0]);
});

test('the cut is the part of the cores that explains the queue, and stays', (t) => {
  const idle = { cores: 1, cpu: 0.25, inFlight: 0.33 };
  const [, log = 0] = hiddenAfter(200, [idle, oneThread]);
  t.true(near(4 * Math.exp(log), 1, 0.1), String(4 * Math.exp(log)));
});

test('servers of unequal cores that wait for the same database have no bottleneck of their own', (t) => {
  // each request takes 20 ms of a core, and waits 200 ms
  const waiting = [1, 8].map((cores) => {
    const requests = 60 * cores;
    const busy = 0.6 * cores;
    return { cores, cpu: 0.6, requests, inFlight: busy * stretch(0.6, cores) + (requests / 2) * 0.2 };
  });
  t.deepEqual(hiddenAfter(20, waiting), [0, 0]);
});

test('a queue that chance makes is none', (t) => {
  const usual = { cores: 2, cpu: 0.85, inFlight: 6, requests: 170 };
  t.deepEqual(hiddenAfter(6, [usual, usual, { ...usual, inFlight: 10 }]), [0, 0, 0]);
});

test('queues for CPU are not hidden: by size, and in overload', (t) => {
  t.deepEqual(
    hiddenAfter(10, [
      { cores: 1, cpu: 0.85, inFlight: 6 },
      { cores: 4, cpu: 0.85, inFlight: 8 },
    ]),
    [0, 0],
  );
  t.deepEqual(
    hiddenAfter(10, [
      { cores: 2, cpu: 0.99, inFlight: 300 },
      { cores: 2, cpu: 0.5, inFlight: 2 },
    ]),
    [0, 0],
  );
});

test('RAM that follows the requests in flight is a load, RAM at rest is none', (t) => {
  let follows = following(null, observed('a', { inFlight: 10, utilisation: { ram: 0.1 } }));
  let rests = following(null, observed('b', { inFlight: 10, utilisation: { ram: 0.9, threads: 0.9 } }));
  for (let tick = 0; tick < 40; tick += 1) {
    const inFlight = tick % 2 === 0 ? 10 : 30;
    follows = following(follows, observed('a', { inFlight, utilisation: { ram: inFlight / 100 } }));
    rests = following(rests, observed('b', { inFlight, utilisation: { ram: 0.9, threads: 0.9 } }));
  }
  t.true(follows !== null && near(followingParts(follows).ram, 0.3, 1e-6));
  t.true(rests !== null && followingParts(rests).ram === 0 && followingParts(rests).threads === 0);
});

const loaded = (cpu: number) => following(null, observed('a', { utilisation: { cpu } }));

test('the inverse-load factor: 1 at equal loads and within noise; beyond, the smoothed equation (4)', (t) => {
  const after = (cpus: readonly number[], ticks: number, heldBack = false) => {
    let distances = cpus.map(() => 0);
    let outcomes: ReturnType<typeof loadFactors> = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      const subjects = cpus.map((cpu, index) => {
        const distance = distances[index] ?? 0;
        return { following: loaded(cpu), fresh: true, bandwidth: 0, distance, heldBack: heldBack && index === 0 };
      });
      outcomes = loadFactors(subjects, factors);
      distances = outcomes.map(({ distance }) => distance);
    }
    return outcomes.map(({ logFactor }) => logFactor);
  };
  t.deepEqual(after([0.5, 0.5], 20), [0, 0]);
  t.true(after([0.5, 0.52], 20).every((log) => Math.abs(log) < 1e-12));
  const [less = 0, more = 0] = after([0.3, 0.7], 20);
  t.true(less > 0.1 && more < -0.1, `${less} ${more}`);
  t.true((after([0.3, 0.7], 20, true)[0] ?? 1) <= 0);
});

test('a queue is drained where it stands; one of a pause, or of chance, is not', (t) => {
  const queue = (inFlight: number, inFlightBefore: number) => {
    const calm = { inFlight: 2, inFlightBefore: 2, capacity: 100, cores: 2 };
    return standingQueues([{ ...calm, inFlight, inFlightBefore }, calm, calm], 210)[0]?.factor;
  };
  t.is(queue(5, 5), 1);
  t.is(queue(50, 2), 1);
  t.true((queue(50, 50) ?? 1) < 0.95);
  t.true((queue(200, 2) ?? 1) < 0.8);
  t.is(queue(9_000, 9_000), 0.4);
});
