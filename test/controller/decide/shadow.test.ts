import test from 'ava';
import fc from 'fast-check';
import { policyNamed } from '../../../controller/decide/policies/registry.ts';
import { initialShadowState, shadowTick } from '../../../controller/decide/shadow.ts';
import { ShadowPolicy } from '../../../controller/decide/shadow-policy.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy, Verdict } from '../../../shared/contract/policy.ts';
import { policyNames } from '../../../shared/contract/policy-names.ts';
import { type Incident, recordingOf } from '../record/support.ts';
import { algorithm, extremeSketch, sketch, ticksOf } from '../support/arbitrary.ts';
import { input, observed } from '../support/build.ts';

const incident = fc.constantFrom<Incident>('none', 'none', 'none', 'reload', 'operator', 'refused');
const incidents = fc.array(incident, { minLength: 12, maxLength: 12 });

for (const [index, name] of policyNames.entries()) {
  test(`${name} in its own shadow decides as in force, through reloads, operators and refusals`, (t) => {
    const ticks = fc.oneof(ticksOf(sketch, 3), ticksOf(extremeSketch, 3));
    fc.assert(
      fc.property(ticks, incidents, algorithm, (played, happened, balance) => {
        let state = initialShadowState(policyNamed(name));
        for (const record of recordingOf(played, name, happened, balance)) {
          const { observations, elapsedMs, decisions: inForce, outcome } = record;
          const asked = input(observations, {
            policy: policyNamed(name),
            algorithm: balance,
            elapsedMs,
            guard: record.settings.guard,
          });
          const shadowed = shadowTick({ ...asked, inForce, written: outcome === 'written' }, state);
          if (JSON.stringify(shadowed.decisions) !== JSON.stringify(inForce)) return false;
          state = shadowed.state;
        }
        return true;
      }),
      { numRuns: 120, seed: 300 + index },
    );
    t.pass();
  });
}

for (const [index, name] of policyNames.entries()) {
  test(`${name} in its own shadow decides as in force, beside servers that are left alone, and when servers change`, (t) => {
    fc.assert(
      fc.property(ticksOf(sketch, 3), incidents, algorithm, fc.nat({ max: 11 }), (played, happened, balance, moves) => {
        const ticks = played.map((tick, at) => ({
          ...tick,
          observations: tick.observations.map((each, server) => ({
            ...each,
            takesRequests: each.exclusion === null || each.exclusion === 'agent-check',
            ...(server === 1 && at % 3 === 2 ? { leftToOther: true } : {}),
            ...(server === 2 && at >= moves ? { address: '10.0.0.9' } : {}),
          })),
        }));
        let state = initialShadowState(policyNamed(name));
        for (const { observations, elapsedMs, decisions: inForce, outcome } of recordingOf(
          ticks,
          name,
          happened,
          balance,
        )) {
          const asked = input(observations, { policy: policyNamed(name), algorithm: balance, elapsedMs });
          const shadowed = shadowTick({ ...asked, inForce, written: outcome === 'written' }, state);
          if (JSON.stringify(shadowed.decisions) !== JSON.stringify(inForce)) return false;
          state = shadowed.state;
        }
        return true;
      }),
      { numRuns: 120, seed: 400 + index },
    );
    t.pass();
  });
}

/** Gives every server 7 more than it has, and tells what it saw. */
function spy() {
  const seen: Record<string, number>[] = [];
  const policy: Policy<null> = {
    name: 'spy',
    dynamics: null,
    initialState: null,
    decide({ observations }, state) {
      seen.push(Object.fromEntries(observations.map(({ server, currentWeight }) => [server, currentWeight])));
      const verdict = (weight: number): Verdict => ({ weight, load: null, delta: null, reasons: [] });
      return { verdicts: new Map(observations.map((each) => [each.server, verdict(each.currentWeight + 7)])), state };
    },
  };
  return { policy, seen };
}

/** One tick of a policy in shadow; the policy in force leaves HAProxy's weights as they are unless it says otherwise. */
function tick(
  shadow: ShadowPolicy,
  observations: readonly Observation[],
  inForce: Record<string, number> = {},
  written = true,
) {
  const { policy: _, ...rest } = input(observations);
  const decisions = observations.map(({ server, currentWeight }) => {
    const weight = inForce[server] ?? currentWeight;
    return { server, weight, write: weight !== currentWeight, drained: false, load: null, delta: null, reasons: [] };
  });
  return shadow.tick({ ...rest, inForce: decisions, written });
}

test('a shadow decides from the weights that it would have left, beginning with those of HAProxy', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  const at = (a: number, b: number) => [observed('a', { currentWeight: a }), observed('b', { currentWeight: b })];
  tick(shadow, at(100, 50), { a: 90 });
  tick(shadow, at(90, 50), { a: 80 });
  tick(shadow, at(80, 50));
  t.deepEqual(seen, [
    { a: 100, b: 50 },
    { a: 107, b: 57 },
    { a: 114, b: 64 },
  ]);
});

test('a server that appears, and one whose weight another writer set, begin with the weight in HAProxy', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  tick(shadow, [observed('a'), observed('b')]);
  tick(shadow, [observed('a'), observed('b', { currentWeight: 3 }), observed('c', { currentWeight: 9 })]);
  t.deepEqual(seen[1], { a: 107, b: 3, c: 9 });
});

test('after a reload every server begins with the weight in HAProxy, also where that is what the policy in force had left', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  tick(shadow, [observed('a'), observed('b')]);
  tick(shadow, [observed('a', { traffic: null }), observed('b', { traffic: null })]);
  t.deepEqual(seen[1], { a: 100, b: 100 });
});

test('a server that leaves rotation for a while keeps its virtual weight', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  tick(shadow, [observed('a')]);
  tick(shadow, [observed('a', { exclusion: 'down' })]);
  tick(shadow, [observed('a')]);
  t.deepEqual(seen, [{ a: 100 }, {}, { a: 107 }]);
});

test('where HAProxy took nothing of the policy in force, it took nothing of the shadow either', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  tick(shadow, [observed('a')], { a: 90 }, false);
  tick(shadow, [observed('a')], {}, false);
  tick(shadow, [observed('a')]);
  t.deepEqual(seen, [{ a: 100 }, { a: 100 }, { a: 100 }]);
});

test('after missing ticks a virtual weight is kept: that HAProxy has another one proves nothing', (t) => {
  const { policy, seen } = spy();
  const shadow = new ShadowPolicy(policy);
  tick(shadow, [observed('a')]);
  shadow.skipTicks();
  tick(shadow, [observed('a', { currentWeight: 60 })]);
  t.deepEqual(seen[1], { a: 107 });
});

test('a policy that throws is a problem of its own, and starts anew from HAProxy at the next tick', (t) => {
  const { policy, seen } = spy();
  let fails = false;
  const shadow = new ShadowPolicy({
    ...policy,
    decide: (asked) => {
      if (fails) throw new TypeError('x is undefined');
      return policy.decide(asked, null);
    },
  });
  tick(shadow, [observed('a')]);
  fails = true;
  const failed = tick(shadow, [observed('a')]);
  t.false(failed.ok);
  if (!failed.ok)
    t.like(failed.error, { code: 'shadow-failed', where: 'policy spy', got: 'TypeError: x is undefined' });
  fails = false;
  t.true(tick(shadow, [observed('a')]).ok);
  t.deepEqual(seen.at(-1), { a: 100 });
});
