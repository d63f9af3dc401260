import test from 'ava';
import { planArrivals } from '../../../testbed/rig/arrivals.ts';

test('a plan is the same for both phases, in order, within the phase, and of the wanted rate', (t) => {
  const shape = { seed: 3, phaseSeconds: 40, requestsPerSecond: 100, meanDemandCpuMs: 6, demandVariation: 1 };
  const plan = planArrivals(shape);
  t.deepEqual(plan, planArrivals(shape));
  t.true(plan.every(({ atMs }, index) => atMs > (plan[index - 1]?.atMs ?? 0) && atMs < 40_000));
  // a Poisson count of mean 4,000 has a standard deviation of 63
  t.true(Math.abs(plan.length - 4_000) < 4 * 63, `${plan.length}`);
});
