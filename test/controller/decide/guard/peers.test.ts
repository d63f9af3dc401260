import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import type { Elsewhere, Observation } from '../../../../shared/contract/observation.ts';
import { sketch, ticksOf } from '../../support/arbitrary.ts';
import { observed, type ServerSketch } from '../../support/build.ts';
import { Backend, type Played, play, reasonCodes, type Tick } from '../../support/play.ts';
import { guarded } from '../policies/promises.ts';

/* What other controllers say of their HAProxys is for learning: it drains no server, keeps none from that, and proves nothing. */

const counts = fc.oneof(fc.nat({ max: 5_000 }), fc.constantFrom(0, 1, 2_000_000));
const told: fc.Arbitrary<Elsewhere> = fc.record({ ok: counts, started: counts, inFlight: counts });
/** What peers say of eight servers. */
const stories = fc.array(fc.array(told, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 6 });

/** Some servers are over a threshold, all have work, and for some it is more than they can do. */
const overloaded = fc
  .array(
    fc.record({
      cpu: fc.double({ min: 0.05, max: 1, noNaN: true }),
      ram: fc.constantFrom(0.3, 0.3, 0.95),
      ok: fc.nat({ max: 2_000 }),
      inFlight: fc.nat({ max: 60 }),
      cores: fc.constantFrom(1, 2, 4),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map((servers) => {
    const observations = servers.map(({ cpu, ram, ok, inFlight, cores }, index) => {
      const traffic = { ok, errors: 0, clientErrors: 0 };
      return observed(`s${index}`, { cores, utilisation: { cpu, ram }, traffic, inFlight });
    });
    return Array.from({ length: 15 }, (): Tick => ({ elapsedMs: 2_000, observations }));
  });

/** What of a tick no peer may change. */
function ruled({ decisions, after, orders }: Played) {
  const drainCodes = new Set(['drained', 'drain-refused', 'released', 'set-aside']);
  return {
    reasons: decisions.map(({ server, drained, reasons }) => {
      return { server, drained, reasons: reasons.filter(({ code }) => drainCodes.has(code)) };
    }),
    proven: [...after.guard.servers].map(([server, { proven, drained }]) => ({ server, proven, drained })),
    orders: [...orders].map(([server, { full, capacity }]) => ({ server, isDrained: full === 0, capacity })),
  };
}

function withStories(ticks: readonly Tick[], all: readonly (readonly Elsewhere[])[]): Tick[] {
  return ticks.map((tick, at) => {
    const story = all[at % all.length] ?? [];
    const observations = tick.observations.map(
      (each, index): Observation => ({ ...each, elsewhere: story[index] ?? null }),
    );
    return { ...tick, observations };
  });
}

for (const { title, build } of guarded) {
  test(`${title}, guarded: whatever a peer says, the same servers are drained for the same reasons, and as much is proven`, (t) => {
    const ticks = fc.oneof(ticksOf(sketch, 3), overloaded);
    const algorithms = fc.constantFrom('roundrobin', 'leastconn');
    fc.assert(
      fc.property(ticks, stories, stories, algorithms, (day, truth, lie, algorithm) => {
        const [honest, lying] = [truth, lie].map((story) =>
          play(withStories(day, story), build(), { algorithm }).map(ruled),
        );
        assert.deepEqual(lying, honest);
      }),
      { numRuns: 150, seed: 31, includeErrorInReport: true },
    );
    t.pass();
  });
}

const idle: ServerSketch = { traffic: { ok: 0, errors: 0, clientErrors: 0 } };
const elsewhereBusy: ServerSketch = { ...idle, elsewhere: { ok: 100, started: 100, inFlight: 1 } };
const four = { a: 100, b: 100, c: 100, d: 100 };
const all = (sketch: ServerSketch) => ({ a: sketch, b: sketch, c: sketch, d: sketch });

test('a standby does not take for idle time what another HAProxy does: a metric over its threshold is not set aside', (t) => {
  const backend = new Backend(four);
  const seen = { ...all(elsewhereBusy), a: { ...elsewhereBusy, utilisation: { ram: 0.95 } } };
  const first = backend.ticks(4, seen).get('a');
  t.true(first?.drained);
  const later = backend.ticks(40, seen).get('a');
  t.true(later?.drained, reasonCodes(later).join(' '));
  t.false(reasonCodes(later).includes('set-aside'));
});

test('a standby drains no server where the others are busy with the work of another HAProxy', (t) => {
  const backend = new Backend({ a: 100, b: 100 });
  const busy = { ...elsewhereBusy, utilisation: { cpu: 0.7 } };
  const last = backend.ticks(6, { a: { ...busy, utilisation: { cpu: 0.7, ram: 0.95 } }, b: busy }).get('a');
  const refused = last?.reasons.find((reason) => reason.code === 'drain-refused');
  t.is(refused?.because, 'others-overloaded', reasonCodes(last).join(' '));
});

test('of servers that two HAProxys share each controller compares its own demand with its own share of what they can do', (t) => {
  // each HAProxy has half of the work, which is 60 % of what the servers can do
  const cpu = 0.6;
  const half = { traffic: { ok: 60, errors: 0, clientErrors: 0 }, elsewhere: { ok: 60, started: 60, inFlight: 0 } };
  const detailOf = (backend: Backend) => {
    const last = backend.ticks(12, {
      a: { ...half, utilisation: { cpu, ram: 0.95 } },
      b: { ...half, utilisation: { cpu } },
    });
    const refused = last.get('a')?.reasons.find((reason) => reason.code === 'drain-refused');
    return refused?.detail;
  };
  const weights = { a: 100, b: 100 };
  const shared = detailOf(new Backend(weights));
  t.is(shared, 'the other servers would be at 120 % of what they can do');
});
