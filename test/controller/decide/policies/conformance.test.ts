import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import type { Observation } from '../../../../shared/contract/observation.ts';
import type { PolicyInput } from '../../../../shared/contract/policy.ts';
import { metricNames } from '../../../../shared/contract/snapshot.ts';
import { algorithm, extremeSketch, phases, sketch, ticksOf } from '../../support/arbitrary.ts';
import { factors, observed, type ServerSketch, thresholds } from '../../support/build.ts';
import { decisionOf, type Played, play, type Tick } from '../../support/play.ts';
import { assertAnswersAll, assertFinite, assertWellFormed } from './assertions.ts';
import { quantities, subjects } from './promises.ts';
import { assertSameProportions, proportions, scalable, times } from './scaling.ts';

/*
 * What every policy does, whatever it thinks: pure, deterministic, well-formed, indifferent to order and units, finite,
 * small. What the guard makes of them is in guard-conformance.test.ts.
 */

const ordinary = ticksOf(sketch);
const extreme = ticksOf(extremeSketch);

function holds(property: fc.IRawProperty<unknown>, numRuns: number, seed: number) {
  fc.assert(property, { numRuns, seed, includeErrorInReport: true });
}

for (const { title, build, scaleFree, judgesByTheRest, remembers } of subjects) {
  test(`${title}: is pure: inputs stay as they are, and the same input and state give the same answer`, (t) => {
    holds(
      fc.property(ordinary, algorithm, (ticks, name) => {
        const policy = build();
        let state = deepFreeze(structuredClone(policy.initialState));
        for (const { observations, elapsedMs } of ticks) {
          const asked = deepFreeze<PolicyInput>({ observations, factors, thresholds, algorithm: name, elapsedMs });
          const [once, again] = [policy.decide(asked, state), policy.decide(asked, state)];
          assert.deepEqual(again, once);
          state = deepFreeze(once.state);
        }
      }),
      60,
      101,
    );
    t.pass();
  });

  test(`${title}: is deterministic: nothing is remembered but the state, so a run repeats itself`, (t) => {
    holds(
      fc.property(ordinary, algorithm, (ticks, name) => {
        const policy = build();
        const first = outcomes(play(ticks, policy, { algorithm: name }));
        assert.deepEqual(outcomes(play(ticks, policy, { algorithm: name })), first);
        assert.deepEqual(outcomes(play(ticks, build(), { algorithm: name })), first);
      }),
      40,
      102,
    );
    t.pass();
  });

  test(`${title}: answers every server in rotation once, with reasons, and decides integers from 0 to 256`, (t) => {
    holds(
      fc.property(ordinary, algorithm, (ticks, name) => {
        const policy = build();
        for (const played of play(ticks, policy, { algorithm: name })) {
          assertWellFormed(played);
          assertAnswersAll(policy, played);
        }
      }),
      100,
      103,
    );
    t.pass();
  });

  test(`${title}: the order of the servers matters neither to decisions nor to what is remembered`, (t) => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    holds(
      fc.property(
        fc.oneof(ordinary, extreme),
        algorithm,
        fc.array(order, { minLength: 12, maxLength: 12 }),
        (ticks, name, orders) => {
          const shuffled = ticks.map((tick, index) => ({ ...tick, observations: reorder(tick, orders[index] ?? []) }));
          const other = play(shuffled, build(), { algorithm: name });
          for (const [index, { decisions, after }] of play(ticks, build(), { algorithm: name }).entries()) {
            for (const decision of decisions) assert.deepEqual(decisionOf(other[index], decision.server), decision);
            assert.deepEqual(other[index]?.after, after);
          }
        },
      ),
      100,
      104,
    );
    t.pass();
  });

  for (const quantity of quantities) {
    const promised = scaleFree[quantity];
    test(`${title}: ${promised ? 'is scale-free' : 'is not scale-free, as it says,'} in ${quantity}`, (t) => {
      const property = fc.property(scalable, algorithm, fc.constantFrom(1 / 8, 1 / 2, 2, 1_024), (ticks, name, by) => {
        // powers of two are exact; utilisations stay in range
        const factor = quantity === 'utilisation' ? 1 / 2 : by;
        const scaled = ticks.map((tick) => ({ ...tick, observations: tick.observations.map(times(quantity, factor)) }));
        assertSameProportions(proportions(ticks, build(), name), proportions(scaled, build(), name));
      });
      if (promised) holds(property, 60, 105);
      else t.true(fc.check(property, { numRuns: 60, seed: 105, endOnFailure: true }).failed);
      t.pass();
    });
  }

  test(`${title}: its state is plain JSON: written, read back and gone on with, a run stays the same`, (t) => {
    holds(
      fc.property(extreme, algorithm, (ticks, name) => {
        const straight = play(ticks, build(), { algorithm: name });
        const stored = play(ticks, build(), { algorithm: name }, (state) => {
          const policy: unknown = JSON.parse(JSON.stringify(state.policy));
          assert.deepEqual(policy, state.policy);
          return { ...state, policy };
        });
        assert.deepEqual(outcomes(stored), outcomes(straight));
      }),
      60,
      106,
    );
    t.pass();
  });

  test(`${title}: whatever is missing, of one server or of all, it decides`, (t) => {
    const absences: readonly ServerSketch[] = [
      ...subsetsOf(metricNames).map((missing) => ({
        utilisation: Object.fromEntries(missing.map((metric) => [metric, null])),
      })),
      { stale: true },
      { traffic: null },
      { upForMs: null },
      { traffic: null, upForMs: null, stale: true },
    ];
    for (const absence of absences) {
      for (const affected of [['constructor'], ['__proto__', 'constructor'], ['__proto__', 'constructor', 'web1']]) {
        const one: Tick = {
          elapsedMs: 2_000,
          observations: ['__proto__', 'constructor', 'web1'].map((server) =>
            observed(server, affected.includes(server) ? absence : {}),
          ),
        };
        const before: Tick = { elapsedMs: 2_000, observations: one.observations.map(({ server }) => observed(server)) };
        // missing from the start, and missing once something was learned
        for (const ticks of [
          [one, one, one],
          [before, before, one, one],
        ]) {
          const policy = build();
          for (const played of play(ticks, policy)) {
            assertWellFormed(played);
            assertAnswersAll(policy, played);
            assertFinite(played);
          }
        }
      }
    }
    t.pass();
  });

  const than = judgesByTheRest ? 'less' : 'no more';
  test(`${title}: a server with an unknown metric gets ${than} than if it were 0`, (t) => {
    let lower = 0;
    const under = fc.double({ min: 0, max: 0.75, noNaN: true });
    const known = fc.record({ cpu: under, ram: under, bandwidth: under, threads: under, tcpQueues: under });
    const metric = fc.constantFrom('ram', 'bandwidth', 'threads', 'tcpQueues');
    holds(
      fc.property(known, known, metric, algorithm, (own, others, which, name) => {
        const weight = (value: number | null) => {
          const observations = [
            observed('a', { utilisation: { ...own, [which]: value } }),
            observed('b', { utilisation: others }),
          ];
          const policy = build();
          const asked = { observations, factors, thresholds, algorithm: name, elapsedMs: 2_000 };
          const { verdicts } = policy.decide(asked, policy.initialState);
          return verdicts.get('a')?.weight ?? 0;
        };
        const [unknown, zero] = [weight(null), weight(0)];
        assert.ok(unknown <= zero * (1 + 1e-9), `${which}: ${unknown} unknown, ${zero} at 0`);
        if (unknown < zero * (1 - 1e-9)) lower += 1;
      }),
      100,
      107,
    );
    t.is(lower > 0, judgesByTheRest);
  });

  test(`${title}: at the ends of every range, and from rush to rest, all numbers stay finite`, (t) => {
    holds(
      fc.property(fc.oneof(extreme, phases), algorithm, (ticks, name) => {
        for (const played of play(ticks, build(), { algorithm: name })) {
          assertWellFormed(played);
          assertFinite(played);
        }
      }),
      200,
      108,
    );
    t.pass();
  });

  test(`${title}: what it remembers does not grow while servers come and go for 3000 ticks`, (t) => {
    const ticks = Array.from({ length: 3_000 }, (_, tick): Tick => {
      const observations = [0, 1, 2, 3, 4].map((offset) =>
        observed(`s${tick + offset}`, {
          utilisation: { cpu: ((tick * 7 + offset * 13) % 100) / 100, ram: ((tick + offset) % 10) / 10 },
          traffic: { ok: (tick * 31 + offset) % 300, errors: offset === 0 ? 50 : 0, clientErrors: 0 },
        }),
      );
      return { elapsedMs: 2_000, observations };
    });
    const last = play(ticks, build()).at(-1)?.after;
    const written = JSON.stringify(last?.policy);
    const named = new Set(written.match(/"s\d+"/g)).size;
    t.true(named <= 5 + remembers, `${named} servers are named`);
    t.true(written.length <= 100 + 400 * (5 + remembers), `${written.length} characters`);
    t.true((last?.guard.servers.size ?? 0) <= 5);
  });
}

function outcomes(run: readonly Played[]) {
  return run.map(({ decisions, after }) => ({ decisions, after }));
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

function reorder({ observations }: Tick, order: readonly number[]): Observation[] {
  return order.flatMap((index) => observations[index] ?? []);
}

function subsetsOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, index) => (bits >> index) & 1));
}
