import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { policyNamed } from '../../../controller/decide/policies/registry.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import { algorithm, extremeSketch, sketch, ticksOf } from '../support/arbitrary.ts';
import type { ServerSketch } from '../support/build.ts';
import { Backend, type Played, play, reasonCodes, type Tick } from '../support/play.ts';
import { guarded } from './policies/promises.ts';

/** A server under agent-check that takes requests. */
const foreign: ServerSketch = { exclusion: 'agent-check', takesRequests: true };
const unequal = { s1: { cores: 1 }, s2: { cores: 4 } };

function sumOf(backend: Backend, ...servers: readonly string[]): number {
  return servers.reduce((sum, server) => sum + backend.weight(server), 0);
}

/** Servers whose exclusion lets them take requests do so; each is configured with a weight of its own. */
function withOthers(ticks: readonly Tick[], configured: readonly number[]): Tick[] {
  return ticks.map((tick) => ({
    ...tick,
    observations: tick.observations.map((each, index) => ({
      ...each,
      configuredWeight: configured[index] ?? 100,
      takesRequests: each.exclusion === null || each.exclusion === 'agent-check',
      exclusion: each.exclusion === 'configured-zero' ? 'down' : each.exclusion,
    })),
  }));
}

/** The first server is never ours, and away at some ticks; the others are ours. */
function withOneOther(tick: Tick): Tick {
  return {
    ...tick,
    observations: tick.observations.map((each, index) => {
      if (index === 0) return { ...each, exclusion: 'agent-check', takesRequests: each.exclusion === null };
      return { ...each, exclusion: null };
    }),
  };
}

function othersOf({ input: { observations } }: Played): Observation[] {
  return observations.filter((each) => each.exclusion !== null && each.takesRequests && each.currentWeight > 0);
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const configuredWeights = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 8, maxLength: 8 });

for (const [index, { title, build }] of guarded.entries()) {
  test(`${title}: beside a server that is left alone, ours have the sum of their configured weights at every tick`, (t) => {
    const ticks = fc.oneof(ticksOf(sketch, 3), ticksOf(extremeSketch, 3));
    fc.assert(
      fc.property(ticks, configuredWeights, algorithm, (some, configured, name) => {
        for (const played of play(withOthers(some, configured), build(), { algorithm: name })) {
          if (othersOf(played).length === 0) continue;
          const ours = new Map(
            played.input.observations.filter((each) => each.exclusion === null).map((each) => [each.server, each]),
          );
          const open = played.decisions.filter(({ server, weight }) => ours.has(server) && weight > 0);
          if (open.length === 0) continue;
          const stated = total([...ours.values()].map(({ configuredWeight }) => configuredWeight));
          const possible = Math.min(256 * open.length, Math.max(open.length, stated));
          assert.equal(total(open.map(({ weight }) => weight)), possible);
          // the others never have less of the traffic than the operator stated, but for weights that cannot be below 1
          const theirs = total(othersOf(played).map(({ currentWeight }) => currentWeight));
          const share = theirs / (theirs + total(open.map(({ weight }) => weight)));
          assert.ok(share >= theirs / (theirs + Math.max(stated, open.length)) - 1e-12);
        }
      }),
      { numRuns: 150, seed: 500 + index, includeErrorInReport: true },
    );
    t.pass();
  });

  test(`${title}: beside a server that is left alone, the proportions among ours are those without it`, (t) => {
    fc.assert(
      fc.property(ticksOf(sketch, 3), configuredWeights, algorithm, (some, configured, name) => {
        const beside = withOthers(some, configured).map(withOneOther);
        const alone = beside.map((tick) => ({
          ...tick,
          observations: tick.observations.map((each) => ({ ...each, takesRequests: each.exclusion === null })),
        }));
        const without = play(alone, build(), { algorithm: name });
        for (const [tick, played] of play(beside, build(), { algorithm: name }).entries()) {
          const base = without[tick];
          assert.deepEqual(played.after.guard, base?.after.guard);
          if (othersOf(played).length === 0) continue;
          const managed = played.decisions.filter((_, at) => played.input.observations[at]?.exclusion === null);
          const scaled = new Map(base?.decisions.map(({ server, weight }) => [server, weight]));
          const factor =
            total(managed.map(({ weight }) => weight)) / total(managed.map(({ server }) => scaled.get(server) ?? 0));
          for (const { server, weight } of managed) {
            const exact = (scaled.get(server) ?? 0) * factor;
            // weights that are held at 1 or 256 leave the rest to the others
            const isClamped = managed.some((each) => each.weight === 1 || each.weight === 256);
            assert.ok(isClamped || Math.abs(weight - exact) < 1.01, `${server}: ${weight} for ${exact}`);
          }
        }
      }),
      { numRuns: 80, seed: 600 + index, includeErrorInReport: true },
    );
    t.pass();
  });
}

test('three servers of weight 100 beside one under agent-check keep 300 together, and it a quarter', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100, s4: 100 }, { policy: policyNamed('inverse-load') });
  for (let tick = 0; tick < 30; tick += 1) {
    backend.tick({ ...unequal, s4: foreign });
    t.is(sumOf(backend, 's1', 's2', 's3'), 300);
  }
  t.true(backend.weight('s2') > 2.5 * backend.weight('s1'));
  t.is(backend.weight('s4'), 100);
});

test('without a server that is left alone the largest weight is 256', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 });
  backend.ticks(30, unequal);
  t.is(Math.max(...backend.weights.values()), 256);
});

test('a server under agent-check that takes no requests, or has weight 0, does not count', (t) => {
  for (const away of [
    { ...foreign, takesRequests: false },
    { ...foreign, currentWeight: 0 },
  ]) {
    const backend = new Backend({ s1: 100, s2: 100, s4: away.currentWeight ?? 100 });
    backend.ticks(30, { ...unequal, s4: away });
    t.is(Math.max(backend.weight('s1'), backend.weight('s2')), 256);
  }
});

test('a drained server leaves its part to the others, one that leaves rotation takes it along', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100, s4: 100 });
  backend.ticks(10, { s4: foreign });
  const decisions = backend.ticks(6, { s1: { utilisation: { ram: 0.95 } }, s4: foreign });
  t.true(decisions.get('s1')?.drained);
  t.is(sumOf(backend, 's1', 's2', 's3'), 300);
  t.is(backend.weight('s1'), 0);

  backend.ticks(1, { s1: { exclusion: 'maintenance' }, s4: foreign });
  t.is(sumOf(backend, 's2', 's3'), 200);
});

test('weights that are configured as 1 leave nothing to balance beside another one', (t) => {
  const backend = new Backend({ s1: 1, s2: 1, s4: 1 });
  const small = { configuredWeight: 1 };
  backend.ticks(20, { s1: { ...small, cores: 1 }, s2: { ...small, cores: 4 }, s4: { ...foreign, ...small } });
  t.deepEqual([...backend.weights.values()], [1, 1, 1]);
});

test('a server that comes and goes rescales the weights once, and back only after a minute without it', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s4: 100 });
  backend.ticks(20, { ...unequal, s4: foreign });
  const writes = (ticks: number, s4: ServerSketch) => {
    let count = 0;
    for (let tick = 0; tick < ticks; tick += 1) {
      const decisions = backend.tick({ ...unequal, s4 });
      count += [...decisions.values()].filter(({ write }) => write).length;
    }
    return count;
  };
  for (let flap = 0; flap < 10; flap += 1) {
    t.is(writes(3, { exclusion: 'down' }), 0);
    t.is(writes(2, foreign), 0);
  }
  t.is(writes(29, { exclusion: 'down' }), 0, 'no minute has passed');
  t.is(writes(2, { exclusion: 'down' }), 2, 'each of the other two once');
  t.is(Math.max(backend.weight('s1'), backend.weight('s2')), 256);
});

test('a weight that is left to another writer is not outscaled, and counts again when it is ours', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 });
  backend.ticks(10, unequal);
  backend.weights.set('s3', 100);
  backend.ticks(3, { ...unequal, s3: { leftToOther: true, currentWeight: 100 } });
  t.is(sumOf(backend, 's1', 's2'), 200);
  backend.ticks(2, unequal);
  t.is(sumOf(backend, 's1', 's2', 's3'), 300, 'a minute has not passed yet');
});

test('where 256 is not enough for the proportion the sum comes first, but only while the other server is there', (t) => {
  const large = { s1: { cores: 1, configuredWeight: 256 }, s2: { cores: 4, configuredWeight: 256 } };
  const backend = new Backend({ s1: 256, s2: 256, s4: 256 });
  backend.ticks(30, { ...large, s4: foreign });
  t.is(sumOf(backend, 's1', 's2'), 512);
  backend.tick({ ...large, s4: { exclusion: 'down' } });
  t.is(backend.weight('s2'), 256);
  t.true(backend.weight('s1') < 100, `${backend.weight('s1')}`);
});

test('after another writer’s weight, and after a reload, the sum is right at the next tick', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s4: 100 });
  backend.ticks(20, { ...unequal, s4: foreign });
  backend.weights.set('s1', 256);
  backend.tick({ ...unequal, s4: foreign });
  t.is(sumOf(backend, 's1', 's2'), 200);
  const before = new Map(backend.weights);
  for (const server of ['s1', 's2']) backend.weights.set(server, 100);
  backend.tick({ s1: { cores: 1, traffic: null }, s2: { cores: 4, traffic: null }, s4: { ...foreign, traffic: null } });
  t.deepEqual(backend.weights, before);
});

test('while most agents are silent, ours still do not outscale a server that is left alone', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s4: 100 });
  backend.ticks(20, { ...unequal, s4: { exclusion: 'down' } });
  t.is(backend.weight('s2'), 256);
  const decisions = backend.tick({ s1: { stale: true }, s2: { stale: true }, s4: foreign });
  t.is(sumOf(backend, 's1', 's2'), 200);
  t.true(reasonCodes(decisions.get('s1')).includes('sum-kept'));
});

test('noise in the load does not move small weights to and fro', (t) => {
  const backend = new Backend({ s1: 10, s2: 10, s3: 10, s4: 10 });
  const small = { configuredWeight: 10 };
  let writes = 0;
  for (let tick = 0; tick < 200; tick += 1) {
    const noisy = (phase: number) => ({ ...small, utilisation: { cpu: 0.5 + 0.03 * Math.sin(1.7 * tick + phase) } });
    const decisions = backend.tick({ s1: noisy(0), s2: noisy(2), s3: noisy(4), s4: { ...foreign, ...small } });
    writes += [...decisions.values()].filter(({ write }) => write).length;
  }
  t.true(writes <= 4, `${writes} writes`);
});

test('the literal paper does not look at servers that are left alone', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s4: 100 }, { policy: policyNamed('paper') });
  backend.ticks(2, { ...unequal, s4: foreign });
  t.deepEqual([backend.weight('s1'), backend.weight('s2')], [3, 3], 'as published');
});
