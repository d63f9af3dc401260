import test from 'ava';
import fc from 'fast-check';
import { type DecideState, decide, initialDecideState } from '../../../../controller/decide/decide.ts';
import { policyNamed } from '../../../../controller/decide/policies/registry.ts';
import type { Observation } from '../../../../shared/contract/observation.ts';
import { ratio, story, utilisation, weights } from '../../support/arbitrary.ts';
import { input, observed } from '../../support/build.ts';

const guarded = [policyNamed('inverse-load'), policyNamed('equal')] as const;
const policy = fc.constantFrom(...guarded);

type Tick = readonly Observation[];

function play(ticks: readonly Tick[], policy: (typeof guarded)[number], algorithm = 'roundrobin') {
  let state: DecideState = initialDecideState(policy);
  const left = new Map<string, number>();
  return ticks.map((tick) => {
    const observations = tick.map((each) => ({ ...each, currentWeight: left.get(each.server) ?? each.currentWeight }));
    const outcome = decide(input(observations, { policy: policy, algorithm }), state);
    state = outcome.state;
    for (const { server, weight } of outcome.decisions) left.set(server, weight);
    return { observations, decisions: outcome.decisions };
  });
}

function toTicks(starts: readonly number[], sketches: readonly (readonly Parameters<typeof observed>[1][])[]): Tick[] {
  return sketches.map((row) =>
    starts.map((currentWeight, index) => observed(`s${index}`, { ...row[index], currentWeight })),
  );
}

test('whatever comes: integers 0 to 256, only servers in rotation written, every decision with reasons', (t) => {
  fc.assert(
    fc.property(weights, story, policy, (starts, sketches, policy) => {
      for (const { observations, decisions } of play(toTicks(starts, sketches), policy)) {
        for (const [index, decision] of decisions.entries()) {
          const observation = observations[index];
          if (!Number.isInteger(decision.weight) || decision.weight < 0 || decision.weight > 256) return false;
          if (decision.server !== observation?.server || decision.reasons.length === 0) return false;
          if (observation.exclusion !== null && (decision.write || decision.weight !== observation.currentWeight))
            return false;
          if (decision.write !== (decision.weight !== observation.currentWeight)) return false;
        }
      }
      return true;
    }),
    { numRuns: 400, seed: 2 },
  );
  t.pass();
});

test('never all zero: where a server is in rotation somebody has weight, agents or no agents', (t) => {
  fc.assert(
    fc.property(weights, story, policy, (starts, sketches, policy) => {
      for (const { observations, decisions } of play(toTicks(starts, sketches), policy)) {
        const rotation = observations.filter(({ exclusion }) => exclusion === null);
        if (rotation.length === 0) continue;
        const names = new Set(rotation.map(({ server }) => server));
        const inRotation = decisions.filter(({ server }) => names.has(server));
        if (inRotation.every(({ weight }) => weight === 0)) return false;
      }
      return true;
    }),
    { numRuns: 400, seed: 3 },
  );
  t.pass();
});

test('the order of the servers does not matter', (t) => {
  fc.assert(
    fc.property(weights, story, policy, (starts, sketches, policy) => {
      const ticks = toTicks(starts, sketches);
      const forwards = play(ticks, policy);
      const backwards = play(
        ticks.map((tick) => [...tick].reverse()),
        policy,
      );
      return forwards.every(({ decisions }, index) => {
        const other = new Map(backwards[index]?.decisions.map((decision) => [decision.server, decision]));
        return decisions.every((decision) => JSON.stringify(decision) === JSON.stringify(other.get(decision.server)));
      });
    }),
    { numRuns: 200, seed: 4 },
  );
  t.pass();
});

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
        const tick = [observed('calm', { utilisation: known }), observed('busier', { utilisation: busier })];
        const last = play(
          Array.from({ length: ticks }, () => tick),
          policy,
        ).at(-1)?.decisions;
        const weight = (server: string) => last?.find((decision) => decision.server === server)?.weight ?? Number.NaN;
        return weight('busier') <= weight('calm') * 1.05 + 1;
      },
    ),
    { numRuns: 500, seed: 5 },
  );
  t.pass();
});

test('decisions are pure: the same observations and state give the same decisions', (t) => {
  fc.assert(
    fc.property(weights, story, policy, (starts, sketches, policy) => {
      const ticks = toTicks(starts, sketches);
      const [once, again] = [play(ticks, policy), play(ticks, policy)];
      return JSON.stringify(once) === JSON.stringify(again);
    }),
    { numRuns: 50, seed: 6 },
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
        const played = play(toTicks([100, 100, 100, 100, 100], sketches), policyNamed('inverse-load'), 'leastconn');
        return played.every(({ decisions, observations }) =>
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
