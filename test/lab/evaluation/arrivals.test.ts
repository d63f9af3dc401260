import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { planArrivals } from '../../../lab/evaluation/arrivals.ts';
import { scenarios } from '../../../lab/evaluation/scenarios.ts';

const plan = { capacity: 100, leadInMs: 2_000, demandCpuMs: 3, seed: 7 };
const flash = { durationMs: 600_000, load: 0.7, bursts: { everyMs: 5_000, lengthMs: 300, peaks: [1.1, 1.9] } };

/** Within five standard deviations of a Poisson count. */
const isNear = (count: number, expected: number) => Math.abs(count - expected) < 5 * Math.sqrt(expected);

test('a steady load has the given rate, exponential gaps, and the given mean demand', (t) => {
  const arrivals = planArrivals({ ...plan, scenario: { durationMs: 600_000, load: 0.5 } });
  t.true(isNear(arrivals.length, 602 * 50), `${arrivals.length}`);
  const gaps = arrivals.slice(1).map(({ atMs }, index) => atMs - (arrivals[index]?.atMs ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  t.true(Math.abs(Math.sqrt(variance) / mean - 1) < 0.03, 'coefficient of variation 1');
  const demand = arrivals.reduce((sum, { demandCpuMs }) => sum + demandCpuMs, 0) / arrivals.length;
  t.true(Math.abs(demand - 3) < 0.1, `${demand}`);
});

test('bursts last 300 ms every 5 s from 0 on, at one peak after the other', (t) => {
  const arrivals = planArrivals({ ...plan, scenario: flash });
  const within = (atMs: number) => ((atMs % 10_000) + 10_000) % 10_000;
  const count = (from: number, to: number) =>
    arrivals.filter(({ atMs }) => atMs >= 0 && within(atMs) >= from && within(atMs) < to).length;
  t.true(isNear(count(0, 300), 60 * 0.3 * 110));
  t.true(isNear(count(5_000, 5_300), 60 * 0.3 * 190));
  t.true(isNear(count(300, 5_000), 60 * 4.7 * 70));
  t.true(isNear(count(5_300, 10_000), 60 * 4.7 * 70));
  const before = arrivals.filter(({ atMs }) => atMs < 0);
  t.true(isNear(before.length, 140));
  t.true((before[0]?.atMs ?? 0) >= -2_000);
});

test('a scenario of one peak has no burst before its start either', (t) => {
  const scenario = { ...flash, durationMs: 1, bursts: { ...flash.bursts, peaks: [1.9] } };
  const before = planArrivals({ ...plan, scenario, leadInMs: 600_000 }).filter(({ atMs }) => atMs < 0);
  t.true(isNear(before.length, 600 * 70), `${before.length}`);
});

test('slow requests are a tenth and need ten times as much, at the same times and with the same mean', (t) => {
  const steady = { durationMs: 600_000, load: 0.5 };
  const slow = planArrivals({ ...plan, scenario: { ...steady, slow: { share: 0.1, factor: 10 } } });
  const usual = planArrivals({ ...plan, scenario: steady });
  const factors = slow.map(({ demandCpuMs }, index) => demandCpuMs / (usual[index]?.demandCpuMs ?? 0));
  t.deepEqual(
    slow.map(({ atMs }) => atMs),
    usual.map(({ atMs }) => atMs),
  );
  t.true(factors.every((factor) => Math.abs(factor - 10 / 1.9) < 1e-9 || Math.abs(factor - 1 / 1.9) < 1e-9));
  t.true(isNear(factors.filter((factor) => factor > 1).length, slow.length / 10));
  const demand = slow.reduce((sum, { demandCpuMs }) => sum + demandCpuMs, 0) / slow.length;
  t.true(Math.abs(demand - 3) < 0.2, `${demand}`);
});

test('the same plan gives the same requests, and another seed others, in order and in time', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...scenarios), (seed, scenario) => {
      const once = planArrivals({ ...plan, scenario, seed });
      t.deepEqual(planArrivals({ ...plan, scenario, seed }), once);
      t.notDeepEqual(planArrivals({ ...plan, scenario, seed: seed + 1 }), once);
      t.true(once.every(({ atMs }, index) => atMs >= (once[index - 1]?.atMs ?? -2_000) && atMs < scenario.durationMs));
      t.true(once.every(({ demandCpuMs }) => demandCpuMs > 0));
    }),
    { seed: 1, numRuns: 30 },
  );
});

test("a seed gives the requests that the documents' figures were measured with", (t) => {
  const digest = (name: string) => {
    const scenario = scenarios.find((each) => each.name === name);
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    const arrivals = planArrivals({ ...plan, scenario });
    return `${arrivals.length} ${createHash('sha256').update(JSON.stringify(arrivals)).digest('hex').slice(0, 16)}`;
  };
  t.is(digest('steady-70'), '854 f367eb6f7ba680b2');
  t.is(digest('saturated-3'), '649 066c39185bdcf082');
  t.is(digest('flash-110-190'), '4566 d36865e9fd373e6e');
});
