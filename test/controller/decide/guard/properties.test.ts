import test from 'ava';
import fc from 'fast-check';
import { policyNamed } from '../../../../controller/decide/policies/registry.ts';
import { ratio, utilisation } from '../../support/arbitrary.ts';
import { observed } from '../../support/build.ts';
import { decisionOf, play } from '../../support/play.ts';

/*
 * Properties of the policies that follow the load. What holds for every policy is in policies/conformance.test.ts and
 * policies/guard-conformance.test.ts.
 */

const policy = fc.constantFrom(policyNamed('inverse-load'), policyNamed('equal'));

test('more load never means more weight: of two equal servers the busier one never gets more', (t) => {
  const metric = fc.constantFrom('cpu', 'ram', 'bandwidth', 'threads', 'tcpQueues');
  fc.assert(
    fc.property(
      utilisation,
      metric,
      ratio,
      policy,
      fc.integer({ min: 1, max: 15 }),
      (base, which, more, policy, ticks) => {
        const known = {
          cpu: base.cpu ?? 0.3,
          ram: base.ram ?? 0.3,
          bandwidth: base.bandwidth ?? 0.3,
          threads: base.threads ?? 0.3,
          tcpQueues: base.tcpQueues ?? 0,
        };
        const busier = { ...known, [which]: Math.max(known[which], more) };
        const observations = [observed('calm', { utilisation: known }), observed('busier', { utilisation: busier })];
        const same = Array.from({ length: ticks }, () => ({ observations, elapsedMs: 2_000 }));
        const last = play(same, policy, { algorithm: 'roundrobin' }).at(-1);
        const weight = (server: string) => decisionOf(last, server)?.weight ?? Number.NaN;
        return weight('busier') <= weight('calm') * 1.05 + 1;
      },
    ),
    { numRuns: 500, seed: 5 },
  );
  t.pass();
});

test('smooth: without errors, drains and joins no share more than doubles in a tick', (t) => {
  const alive = fc.record({
    utilisation: fc.record({
      cpu: ratio,
      ram: fc.constant(0.3),
      bandwidth: fc.constant(0.1),
      threads: fc.constant(0.1),
      tcpQueues: fc.constant(0),
    }),
    cores: fc.constant(2),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(alive, { minLength: 5, maxLength: 5 }), { minLength: 2, maxLength: 12 }),
      (sketches) => {
        const ticks = sketches.map((row) => ({
          observations: row.map((sketch, index) => observed(`s${index}`, sketch)),
          elapsedMs: 2_000,
        }));
        return play(ticks, policyNamed('inverse-load')).every(({ decisions, input: { observations } }) =>
          decisions.every((decision, index) => {
            const drains = decisions.some(
              (each) => each.drained || each.reasons.some(({ code }) => code === 'ramp' || code === 'released'),
            );
            const before = observations[index]?.currentWeight ?? 0;
            return (
              drains ||
              (decision.weight <= before * Math.exp(1.4) + 13 && decision.weight >= before * Math.exp(-1.4) - 13)
            );
          }),
        );
      },
    ),
    { numRuns: 200, seed: 7 },
  );
  t.pass();
});
