import test from 'ava';
import fc from 'fast-check';
import { equal } from '../../../../controller/decide/policies/equal.ts';
import { policyNamed } from '../../../../controller/decide/policies/registry.ts';
import type { Decision, Reason } from '../../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../../shared/contract/observation.ts';
import { observed, type ServerSketch } from '../../support/build.ts';
import { Backend, decisionOf, play, reasonCodes } from '../../support/play.ts';

const four = { a: 100, b: 100, c: 100, d: 100 };
const nothing = { ok: 0, errors: 0, clientErrors: 0 };
/** Of the default period, 2 s. */
const restTicks = 10;

/** Server a as the rule sees it: HAProxy sends it requests only while its weight is above 0. */
function tick(backend: Backend, utilisation: Partial<Utilisations>, more: ServerSketch = {}): Decision {
  const traffic = backend.weight('a') === 0 ? { traffic: nothing } : {};
  const decision = backend.tick({ a: { utilisation, ...traffic, ...more } }).get('a');
  if (decision === undefined) throw new Error('a has no decision');
  return decision;
}

function ticks(backend: Backend, count: number, utilisation: Partial<Utilisations>, more: ServerSketch = {}): Decision {
  let last = tick(backend, utilisation, more);
  for (let each = 1; each < count; each += 1) last = tick(backend, utilisation, more);
  return last;
}

/** Ticks until a is drained, at most `most`; fails otherwise. */
function drain(backend: Backend, utilisation: Partial<Utilisations>, most = 20): void {
  for (let each = 0; each < most; each += 1) if (tick(backend, utilisation).drained) return;
  throw new Error(`not drained in ${most} ticks`);
}

/** How many ticks it stays drained, the one of its release not counted; `most` if longer. */
function drainedTicks(backend: Backend, utilisation: (tick: number) => Partial<Utilisations>, most = 100): number {
  for (let each = 0; each < most; each += 1) if (!tick(backend, utilisation(each)).drained) return each;
  return most;
}

function find<Code extends Reason['code']>({ reasons }: Decision, code: Code) {
  return reasons.find((reason): reason is Extract<Reason, { code: Code }> => reason.code === code);
}

function aside({ reasons }: Decision): string[] {
  return reasons.flatMap((reason) => (reason.code === 'set-aside' ? [reason.metric] : []));
}

/** Drained for RAM that stays at 95.2 %, as ZFS's cache does, and back at its full weight. */
function withRamAside(): Backend {
  const backend = new Backend(four, { algorithm: 'random', policy: equal });
  drain(backend, { ram: 0.952 });
  ticks(backend, restTicks + 6, { ram: 0.952 });
  return backend;
}

test('RAM that does not fall in 20 s without traffic is set aside, and the server returns by a ramp to its full weight', (t) => {
  const backend = new Backend(four, { algorithm: 'random', policy: equal });
  drain(backend, { ram: 0.952 });
  ticks(backend, restTicks - 1, { ram: 0.952 });
  t.is(backend.weight('a'), 0, '18 s');
  const back = tick(backend, { ram: 0.952 });
  t.deepEqual(find(back, 'released')?.because, 'not-traffic');
  t.true(Math.abs((find(back, 'set-aside')?.level ?? 0) - 0.952) < 0.03);
  const path = [backend.weight('a')];
  for (let each = 0; each < 4; each += 1) path.push(tick(backend, { ram: 0.952 }).weight);
  t.deepEqual(path, [26, 102, 256, 256, 256]);
  const later = ticks(backend, 200, { ram: 0.952 });
  t.is(later.weight, 256, 'neither drained again nor cut by degrees');
  t.deepEqual(aside(later), ['ram'], 'and it says why');
});

for (const metric of ['cpu', 'ram', 'bandwidth', 'threads', 'tcpQueues'] as const) {
  test(`any metric can be at rest: ${metric}`, (t) => {
    const backend = new Backend(four, { algorithm: 'random', policy: equal });
    drain(backend, { [metric]: 1 });
    t.is(
      drainedTicks(backend, () => ({ [metric]: 1 })),
      restTicks - 1,
    );
    t.is(ticks(backend, 50, { [metric]: 1 }).weight, 256);
  });
}

test('time counts, not ticks', (t) => {
  for (const elapsedMs of [500, 1_000, 5_000, 10_000]) {
    const backend = new Backend(four, { algorithm: 'random', elapsedMs });
    drain(backend, { ram: 0.95 });
    t.is(
      drainedTicks(backend, () => ({ ram: 0.95 })),
      20_000 / elapsedMs - 1,
      `${elapsedMs} ms`,
    );
  }
});

test('a metric that falls without traffic was the traffic: the server returns once it has recovered', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { cpu: 0.95 });
  const back = drainedTicks(backend, () => ({ cpu: 0.05 }));
  t.true(back < 3);
  t.deepEqual(aside(tick(backend, { cpu: 0.05 })), []);
});

test('while the last requests are answered, or sticky sessions send more, the 20 s do not begin', (t) => {
  for (const busy of [{ inFlight: 1 }, { traffic: { ...nothing, ok: 1 } }, { traffic: { ...nothing, errors: 1 } }]) {
    const backend = new Backend(four, { algorithm: 'random' });
    drain(backend, { threads: 0.95 });
    t.true(ticks(backend, 60, { threads: 0.95 }, busy).drained, JSON.stringify(busy));
    t.is(
      drainedTicks(backend, () => ({ threads: 0.95 })),
      restTicks - 1,
    );
  }
});

test('a stray request stops the clock but does not turn it back', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.95 });
  for (let each = 0; each < restTicks - 1; each += 1) {
    tick(backend, { ram: 0.95 }, { traffic: { ...nothing, ok: 1 } });
    t.true(tick(backend, { ram: 0.95 }).drained);
  }
  t.false(tick(backend, { ram: 0.95 }).drained);
});

test('traffic that HAProxy cannot tell, after a reload, is not taken for none', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.95 });
  t.true(ticks(backend, 60, { ram: 0.95 }, { traffic: null }).drained);
});

test('a metric that falls slowly is not set aside while it falls', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.98 });
  // 0.4 points a tick: 4 points in 20 s
  const falling = (each: number) => ({ ram: 0.98 - 0.004 * each });
  const back = drainedTicks(backend, falling);
  t.true(falling(back).ram <= 0.7, `released at ${falling(back).ram}`);
  t.deepEqual(aside(tick(backend, falling(back))), []);
});

test('a metric that falls and then stays is set aside at the level where it stays', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.98 });
  t.true(drainedTicks(backend, () => ({ ram: 0.85 })) < 2 * restTicks);
  const level = find(tick(backend, { ram: 0.85 }), 'set-aside')?.level ?? 0;
  t.true(level >= 0.85 && level < 0.88, `${level}`);
});

test('of several metrics over their thresholds only the one at rest is set aside, when the other has recovered', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.95, cpu: 0.95 });
  const last = ticks(backend, 2 * restTicks, { ram: 0.95, cpu: 0.95 }, { inFlight: 3 });
  t.true(last.drained);
  const both = (each: number) => ({ ram: 0.95, cpu: Math.max(0.1, 0.95 - each * 0.02) });
  const released = drainedTicks(backend, both);
  t.true(both(released).cpu <= 0.7, 'cpu falls for longer than 20 s');
  t.deepEqual(aside(tick(backend, { ram: 0.95, cpu: 0.1 })), ['ram']);
  drain(backend, { ram: 0.95, cpu: 0.95 });
});

test('a metric at rest between its threshold and the margin does not keep a drain that another metric caused', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.75, cpu: 0.95 });
  t.is(
    drainedTicks(backend, () => ({ ram: 0.75, cpu: 0.05 })),
    restTicks - 1,
  );
  t.deepEqual(aside(tick(backend, { ram: 0.75 })), [], 'under its threshold it counts as ever');
});

test('a metric that is set aside counts again when it rises by 5 points', (t) => {
  const backend = new Backend(four, { algorithm: 'random', policy: equal });
  drain(backend, { ram: 0.86 });
  ticks(backend, restTicks + 6, { ram: 0.86 });
  const risen = ticks(backend, 20, { ram: 0.9 });
  t.false(risen.drained, 'by 4');
  t.deepEqual(aside(risen), ['ram']);
  drain(backend, { ram: 0.93 }, 6);
  t.deepEqual(aside(tick(backend, { ram: 0.93 })), []);
});

test('a metric that is set aside counts again once it has been under its threshold, but not for noise at it', (t) => {
  const backend = withRamAside();
  for (let each = 0; each < 30; each += 1) {
    const last = tick(backend, { ram: each % 2 === 0 ? 0.798 : 0.803 });
    t.false(last.drained, 'noise');
  }
  ticks(backend, 10, { ram: 0.75 });
  t.deepEqual(aside(tick(backend, { ram: 0.75 })), []);
  drain(backend, { ram: 0.85 }, 8);
});

test('what is set aside survives silence of the agent and of all agents', (t) => {
  const backend = withRamAside();
  const silent = { stale: true };
  backend.ticks(5, { a: silent });
  backend.ticks(20, { a: silent, b: silent, c: silent });
  t.true(reasonCodes(backend.tick({ a: silent, b: silent, c: silent }).get('a')).includes('set-aside'));
  const last = ticks(backend, 30, { ram: 0.952 });
  t.false(last.drained);
  t.deepEqual(aside(last), ['ram']);
});

test('silence of the agent ends a drain as ever, and the 20 s begin anew with the next one', (t) => {
  const backend = new Backend(four, { algorithm: 'random' });
  drain(backend, { ram: 0.95 });
  ticks(backend, restTicks - 2, { ram: 0.95 });
  t.is(find(tick(backend, {}, { stale: true }), 'released')?.because, 'stale');
  drain(backend, { ram: 0.95 });
  t.is(
    drainedTicks(backend, () => ({ ram: 0.95 })),
    restTicks - 1,
  );
});

test('what is set aside is forgotten when the server leaves rotation', (t) => {
  const backend = withRamAside();
  backend.tick({ a: { exclusion: 'maintenance' } });
  t.deepEqual(aside(tick(backend, { ram: 0.952 })), []);
  drain(backend, { ram: 0.952 });
});

test('a server with a metric set aside can take over work of others', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { algorithm: 'random' });
  drain(backend, { ram: 0.95, cpu: 0.1 });
  ticks(backend, restTicks + 6, { ram: 0.95, cpu: 0.1 });
  const busy = { utilisation: { cpu: 0.95 } };
  const last = backend.ticks(4, { a: { utilisation: { ram: 0.95, cpu: 0.1 } }, b: busy, c: busy });
  t.deepEqual([last.get('b')?.drained, last.get('c')?.drained].sort(), [false, true]);
});

test('where three of four servers have it, each gets its turn, and all end at their full weight', (t) => {
  const backend = new Backend(four, { algorithm: 'random', policy: equal });
  const utilisation = { ram: 0.95, cpu: 0.2 };
  const rest = { utilisation };
  backend.ticks(5, { a: rest, b: { utilisation: { cpu: 0.2 } }, c: { utilisation: { cpu: 0.2 } } });
  const tickAll = () => {
    const sketch = (server: string) => ({ utilisation, ...(backend.weight(server) === 0 ? { traffic: nothing } : {}) });
    return backend.tick({ a: sketch('a'), b: sketch('b'), c: sketch('c'), d: {} });
  };
  let most = 0;
  for (let each = 0; each < 60; each += 1) {
    const decisions = [...tickAll().values()];
    most = Math.max(most, decisions.filter(({ drained }) => drained).length);
  }
  t.true(most <= 2, `${most}`);
  t.deepEqual([...backend.weights.values()], [256, 256, 256, 256]);
});

test('a controller that starts beside a host with full RAM does it once more', (t) => {
  const backend = new Backend({ ...four, a: 0 }, { algorithm: 'random', policy: equal });
  ticks(backend, 6, { ram: 0.95 });
  drain(backend, { ram: 0.95 });
  ticks(backend, restTicks + 6, { ram: 0.95 });
  t.is(backend.weight('a'), 256);
});

test('property: what is set aside never hides a metric 5 points above its level, nor one of a server that has traffic', (t) => {
  const level = fc.double({ min: 0.81, max: 1, noNaN: true });
  const walk = fc.array(
    fc.record({ ram: level, busy: fc.boolean(), elapsedMs: fc.constantFrom(1_000, 4_000, 30_000) }),
    {
      minLength: 5,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(walk, (steps) => {
      const history = steps.map(({ ram, busy, elapsedMs }) => ({
        elapsedMs,
        observations: ['a', 'b', 'c'].map((server) =>
          observed(server, server === 'a' ? { utilisation: { ram }, inFlight: busy ? 1 : 0, traffic: nothing } : {}),
        ),
      }));
      for (const { after, decisions } of play(history, policyNamed('inverse-load'), { algorithm: 'random' })) {
        const memory = after.guard.servers.get('a');
        const at = memory?.atRest.levels.ram ?? null;
        const now = memory?.utilisation.ram ?? null;
        if (at !== null && now !== null && now >= at + 0.05) return false;
        if (at !== null && steps.every(({ busy }) => busy)) return false;
        if (decisions.every(({ weight }) => weight === 0)) return false;
      }
      return true;
    }),
    { numRuns: 300, seed: 11 },
  );
  t.pass();
});

test('property: the order of the servers does not matter', (t) => {
  const sketch = fc.record({ ram: fc.constantFrom(0.4, 0.85, 0.95), group: fc.constantFrom('x', 'y', 'z') });
  fc.assert(
    fc.property(fc.array(sketch, { minLength: 2, maxLength: 6 }), fc.nat(5), fc.nat(19), (servers, joining, joins) => {
      const observations = servers.map(({ ram, group }, index) =>
        observed(`s${index}`, { utilisation: { ram, cpu: 0.1 }, agentUrl: `http://${group}/`, traffic: nothing }),
      );
      const of = (order: typeof observations) => {
        const at = (tick: number) =>
          order.map((each) => {
            const isAway = each.server === `s${joining}` && tick < joins;
            return isAway ? ({ ...each, exclusion: 'down' } as const) : each;
          });
        const ticks = Array.from({ length: 20 }, (_, tick) => ({ elapsedMs: 2_000, observations: at(tick) }));
        const all = play(ticks, policyNamed('inverse-load'));
        return servers.map((_, index) => all.map((each) => decisionOf(each, `s${index}`)?.weight));
      };
      return JSON.stringify(of(observations)) === JSON.stringify(of(observations.toReversed()));
    }),
    { numRuns: 100, seed: 12 },
  );
  t.pass();
});
