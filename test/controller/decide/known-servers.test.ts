import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { rememberAbsentMs } from '../../../controller/decide/policies/capacity.ts';
import { policyNamed } from '../../../controller/decide/policies/registry.ts';
import { initialShadowState, shadowTick } from '../../../controller/decide/shadow.ts';
import { type Observation, undisturbed } from '../../../shared/contract/observation.ts';
import { algorithm, extremeSketch, sketch, ticksOf } from '../support/arbitrary.ts';
import { input, observed, type ServerSketch } from '../support/build.ts';
import { Backend, decisionOf, type Played, play, reasonCodes, type Tick } from '../support/play.ts';
import { subjects } from './policies/promises.ts';

const failing = { traffic: { ok: 0, errors: 50, clientErrors: 0 } };
const moved = { address: '10.244.9.9' };

/** The server of this index has another name or, kept, another place from a tick on. */
function from(ticks: readonly Tick[], start: number, change: (observation: Observation) => Observation): Tick[] {
  return ticks.map((tick, at) => ({
    ...tick,
    observations: tick.observations.map((each, index) => (index === 0 && at >= start ? change(each) : each)),
  }));
}

function withoutTraffic(tick: Tick): Tick {
  return { ...tick, observations: tick.observations.map((each, at) => (at === 0 ? { ...each, traffic: null } : each)) };
}

function withoutNames(played: Played | undefined) {
  return played?.decisions.map(({ server: _, ...rest }) => rest);
}

for (const [index, { title, build }] of subjects.entries()) {
  test(`${title}: a server with another address under the same name is decided as one with a name never seen`, (t) => {
    const ticks = fc.oneof(ticksOf(sketch, 3), ticksOf(extremeSketch, 3));
    const place = fc.constantFrom<Partial<Observation>>({ address: '10.0.0.9' }, { port: 9090 });
    fc.assert(
      fc.property(ticks, place, algorithm, fc.nat({ max: 10 }), (some, other, name, at) => {
        const start = Math.min(at + 1, some.length - 1);
        const replaced = play(
          from(some, start, (each) => ({ ...each, ...other })),
          build(),
          { algorithm: name },
        );
        // HAProxy's weight of the slot stays, and it has not counted for a name that it never had; ties go by name
        const currentWeight = replaced[start]?.input.observations[0]?.currentWeight ?? 0;
        const renamed = from(some, start, (each) => ({ ...each, server: `${each.server}~`, currentWeight, ...other }));
        const counted = renamed.map((tick, nth) => (nth === start ? withoutTraffic(tick) : tick));
        const expected = play(counted, build(), { algorithm: name });
        for (const [tick, played] of replaced.entries()) {
          assert.deepEqual(withoutNames(played), withoutNames(expected[tick]));
        }
      }),
      { numRuns: 100, seed: 700 + index, includeErrorInReport: true },
    );
    t.pass();
  });
}

test('a slot that gets another pod while its old one answers errors begins with a ramp and no errors', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 });
  const cut = backend.ticks(6, { s1: failing });
  t.true(reasonCodes(cut.get('s1')).includes('ejected'));
  const joined = backend.tick({ s1: { ...moved, ...failing } });
  t.deepEqual(
    reasonCodes(joined.get('s1')).filter((code) => code === 'ramp' || code === 'errors' || code === 'ejected'),
    ['ramp'],
  );
  t.true(backend.weight('s1') > 0);
  backend.ticks(6, { s1: moved });
  t.is(backend.weight('s1'), 256);
});

test('a server that loses its address and gets the same one again is the same server', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 }, { algorithm: 'roundrobin' });
  const before = backend.ticks(6, { s1: failing }).get('s1');
  t.true(reasonCodes(before).includes('ejected'));
  backend.ticks(3, { s1: { address: '', exclusion: 'maintenance' } });
  backend.tick({ s1: failing });
  const unknownPort: ServerSketch = { ...failing, port: null };
  const ejected = backend
    .tick({ s1: unknownPort })
    .get('s1')
    ?.reasons.find(({ code }) => code === 'ejected');
  const { remainingMs } = ejected?.code === 'ejected' ? ejected : { remainingMs: 0 };
  t.true(remainingMs > 5_000, `longer than the first time, so it is remembered: ${remainingMs} ms`);
});

test('another address after a time without one, or without the server, is another server', (t) => {
  for (const between of [{ address: '', exclusion: 'maintenance' as const }, null]) {
    const ticks: Tick[] = [
      ...Array.from({ length: 6 }, () => [observed('s1', failing), observed('s2'), observed('s3')]),
      between === null ? [observed('s2'), observed('s3')] : [observed('s1', between), observed('s2'), observed('s3')],
      [observed('s1', { ...failing, port: 9_999 }), observed('s2'), observed('s3')],
    ].map((observations) => ({ observations, elapsedMs: 2_000 }));
    for (const { title, build } of subjects.filter(({ build }) => build().dynamics !== null)) {
      const last = play(ticks, build(), { algorithm: 'roundrobin' }).at(-1);
      t.false(reasonCodes(decisionOf(last, 's1')).includes('errors'), title);
    }
  }
});

test('capacity that the predecessor was found to have is not taken for the successor’s', (t) => {
  const backend = new Backend({ s1: 100, s2: 100 }, { policy: policyNamed('capacity') });
  const large = { traffic: { ok: 1_000, errors: 0, clientErrors: 0 } };
  const learned = backend.ticks(10, { s1: large });
  t.is(
    learned.get('s1')?.reasons.find(({ code }) => code === 'capacity-prior'),
    undefined,
  );
  const joined = backend.tick({ s1: { ...large, ...moved } });
  t.true(reasonCodes(joined.get('s1')).includes('capacity-prior'));
});

test('the successor of a server that shed load is not watched, and has no hard zero of the literal paper', (t) => {
  const backend = new Backend({ s1: 100, s2: 100 }, { algorithm: 'roundrobin' });
  backend.ticks(4, { s1: { traffic: { ok: 100, errors: 0, clientErrors: 100 } } });
  const some = { traffic: { ok: 100, errors: 0, clientErrors: 20 } };
  t.true(reasonCodes(backend.tick({ s1: some }).get('s1')).includes('client-errors'));
  backend.tick({ s1: { ...some, ...moved } });
  t.false(reasonCodes(backend.tick({ s1: { ...some, ...moved } }).get('s1')).includes('client-errors'));

  const paper = new Backend({ s1: 100, s2: 100 }, { policy: policyNamed('paper') });
  const atThreshold = { utilisation: { cpu: 0.8 } };
  paper.tick({ s1: atThreshold });
  t.is(paper.weight('s1'), 0);
  paper.tick({ s1: { ...atThreshold, ...moved } });
  t.is(paper.weight('s1'), 0, 'as of a newcomer; a zeroed one would be back');
});

test('names of servers that HAProxy no longer has are forgotten', (t) => {
  const ticks = Array.from({ length: 2_000 }, (_, index) => ({
    observations: [observed('stays'), observed(`pod-${index}`)],
    elapsedMs: 2_000,
  }));
  const last = play(ticks, policyNamed('capacity')).at(-1);
  t.true((last?.after.known.size ?? Number.NaN) <= rememberAbsentMs / 2_000 + 2);
});

test('a policy in shadow forgets the predecessor too, and begins with the weight that HAProxy has', (t) => {
  const policy = policyNamed('equal');
  let state = initialShadowState(policy);
  const tick = (sketch: ServerSketch) => {
    const observations = [observed('s1', sketch), observed('s2')];
    const inForce = observations.map(({ server }) => ({
      ...{ server, weight: 100, write: false, drained: false, load: null, delta: null, reasons: [] },
    }));
    const outcome = shadowTick({ ...input(observations, { policy }), inForce, written: true }, state);
    state = outcome.state;
    return new Map(outcome.decisions.map((decision) => [decision.server, decision]));
  };
  for (let index = 0; index < 6; index += 1) tick(failing);
  const joined = tick({ ...moved, fast: { ...undisturbed, ramp: 0.1 } });
  t.deepEqual(
    reasonCodes(joined.get('s1')).filter((code) => code === 'ramp' || code === 'ejected'),
    ['ramp'],
  );
});
