import test from 'ava';
import { withBacklogFactors } from '../../../../controller/decide/policies/backlog.ts';
import { capacity, defaultCapacitySettings } from '../../../../controller/decide/policies/capacity.ts';
import { learn, nothingLearned } from '../../../../controller/decide/policies/capacity-learning.ts';
import { saturationFactor } from '../../../../controller/decide/policies/saturation.ts';
import type { Observation } from '../../../../shared/contract/observation.ts';
import { calm, factors, observed, thresholds } from '../../support/build.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const near = (a: number | null | undefined, b: number, tolerance = 1e-9) =>
  Math.abs((a ?? Number.NaN) - b) <= tolerance;

/** Several ticks of the policy alone; weights as parts of their sum. */
class PolicyAlone {
  readonly #policy = capacity();
  #state = this.#policy.initialState;
  reasons = new Map<string, readonly string[]>();

  tick(observations: readonly Observation[], algorithm = 'leastconn', elapsedMs = 2_000): Record<string, number> {
    const input = { observations, factors, thresholds, algorithm, elapsedMs };
    const { verdicts, state } = this.#policy.decide(input, this.#state);
    this.#state = state;
    this.reasons = new Map([...verdicts].map(([server, { reasons }]) => [server, reasons.map(({ code }) => code)]));
    const total = [...verdicts.values()].reduce((sum, { weight }) => sum + (weight ?? 0), 0);
    return Object.fromEntries([...verdicts].map(([server, { weight }]) => [server, (weight ?? 0) / total]));
  }
}

/** A server of this many successful requests per second at full utilisation, at this utilisation for two seconds. */
const working = (server: string, perSecond: number, cpu: number, more: Parameters<typeof observed>[1] = {}) =>
  observed(server, {
    utilisation: { cpu },
    traffic: { ok: Math.round(perSecond * cpu * 2), errors: 0, clientErrors: 0 },
    ...more,
  });

test('capacity is successful requests per second of full utilisation', (t) => {
  const { capacity: learned } = learn(
    nothingLearned,
    { requests: 100, utilisation: 0.5, seconds: 2 },
    defaultCapacitySettings,
  );
  t.true(near(learned, 100));
});

test('too little work says nothing: fewer than 5 requests, or 0.05 s of full utilisation', (t) => {
  const after = (requests: number, utilisation: number) =>
    learn(nothingLearned, { requests, utilisation, seconds: 2 }, defaultCapacitySettings).capacity;
  t.is(after(4, 0.5), null);
  t.true(near(after(5, 0.5), 5));
  t.is(after(500, 0.02), null);
  t.true(near(after(500, 0.025), 10_000));
});

test('a tick counts by its work: an idle one cannot push out what a busy one taught', (t) => {
  const settings = { forgetting: 0.25, jumpDeviations: 10 };
  const busy = learn(nothingLearned, { requests: 400, utilisation: 1, seconds: 2 }, settings);
  const idle = learn(busy, { requests: 2, utilisation: 0.05, seconds: 2 }, settings);
  t.true(near(idle.capacity, (0.75 * 400 + 2) / (0.75 * 2 + 0.1)));
});

/** What is known after ten ticks of this. */
function learnedFrom(requests: number, utilisation: number) {
  let learned: ReturnType<typeof learn> = { ...nothingLearned, changed: false };
  for (let tick = 0; tick < 10; tick += 1) {
    learned = learn(learned, { requests, utilisation, seconds: 2 }, defaultCapacitySettings);
  }
  return learned;
}

test('a halved capacity is a jump: all that was learned before is forgotten', (t) => {
  let learned = learnedFrom(400, 0.5);
  const changes: boolean[] = [];
  for (let tick = 0; tick < 4; tick += 1) {
    learned = learn(learned, { requests: 400, utilisation: 1, seconds: 2 }, defaultCapacitySettings);
    t.true(near(learned.capacity, 200));
    changes.push(learned.changed);
  }
  t.deepEqual(changes, [true, false, false, false]);
});

test('what one tick of few requests cannot tell, three can', (t) => {
  let learned = learnedFrom(24, 0.5);
  const changes: boolean[] = [];
  for (let tick = 0; tick < 3; tick += 1) {
    learned = learn(learned, { requests: 24, utilisation: 1, seconds: 2 }, defaultCapacitySettings);
    changes.push(learned.changed);
  }
  t.deepEqual(changes, [false, true, false]);
  t.true(near(learned.capacity, 12, 0.2), `${learned.capacity}`);
});

test('noise is no jump: of as many requests, at low load, or of few requests', (t) => {
  let learned = learnedFrom(400, 0.5);
  for (let tick = 0; tick < 20; tick += 1) {
    const requests = tick % 2 === 0 ? 360 : 440;
    learned = learn(learned, { requests, utilisation: 0.5, seconds: 2 }, defaultCapacitySettings);
    t.false(learned.changed);
  }
  const idle = learnedFrom(6_000, 0.03);
  t.false(learn(idle, { requests: 6_000, utilisation: 0.045, seconds: 2 }, defaultCapacitySettings).changed);
  const busy = { ...learnedFrom(200, 1), recent: [] };
  t.false(learn(busy, { requests: 9, utilisation: 1, seconds: 2 }, defaultCapacitySettings).changed);
  t.true(learn(busy, { requests: 10, utilisation: 1, seconds: 2 }, defaultCapacitySettings).changed);
});

test('weights are in proportion to capacity, whatever the shares and the load', (t) => {
  const policy = new PolicyAlone();
  const shares = policy.tick([working('a', 100, 0.9), working('b', 400, 0.2)]);
  t.true(near(shares['a'], 0.2, 1e-3), `${shares['a']}`);
});

test('cold: by effective cores; a server that is not known yet: by its cores, as the others do', (t) => {
  const policy = new PolicyAlone();
  const cold = { traffic: null };
  const first = policy.tick([observed('a', { cores: 1, ...cold }), observed('b', { cores: 4, ...cold })]);
  t.true(near(first['a'], 0.2));
  t.deepEqual(policy.reasons.get('a'), ['capacity-prior']);
  const idle = observed('c', { cores: 8, traffic: null });
  const second = policy.tick([working('a', 50, 0.5, { cores: 1 }), working('b', 150, 0.5, { cores: 3 }), idle]);
  t.true(near(second['c'], 8 / 12), `${second['c']}`);
  t.deepEqual(policy.reasons.get('a'), ['capacity']);
});

test('a server whose agent never answered counts as large as the others are', (t) => {
  const shares = new PolicyAlone().tick([
    observed('a', { cores: 2 }),
    observed('b', { cores: 4 }),
    observed('c', { stale: true }),
  ]);
  t.true(near(shares['c'], 3 / 9));
});

test('a stale agent: nothing is learned, what was learned counts on', (t) => {
  const policy = new PolicyAlone();
  const both = (b: Observation) => policy.tick([working('a', 100, 0.5), b]);
  both(working('b', 300, 0.5));
  const shares = both(observed('b', { stale: true, traffic: { ok: 1, errors: 0, clientErrors: 0 } }));
  t.true(near(shares['b'], 0.75, 1e-9), `${shares['b']}`);
  t.true(policy.reasons.get('b')?.includes('held'));
});

test('a standby learns from what other HAProxys count, and two HAProxys divide no work by the whole CPU', (t) => {
  const standby = new PolicyAlone();
  const seen = (server: string, own: number, elsewhere: number) => {
    const idle = { inFlight: 0, traffic: { ok: own, errors: 0, clientErrors: 0 } };
    return working(server, 0, 0.5, { ...idle, elsewhere: { ok: elsewhere, started: elsewhere, inFlight: 0 } });
  };
  const weights = standby.tick([seen('large', 0, 300), seen('small', 0, 100)]);
  t.true(near(weights['large'], 0.75), JSON.stringify(weights));
  const both = new PolicyAlone();
  t.true(near(both.tick([seen('large', 10, 290), seen('small', 90, 10)])['large'], 0.75));
});

test('through the guard: a peer that lies draws no more to a server than a lying agent does, and none to weight 0', (t) => {
  const names = ['a', 'b', 'c', 'd'];
  const backend = new Backend(Object.fromEntries(names.map((name) => [name, 100])), { policy: capacity() });
  const work = { utilisation: { cpu: 0.5 }, traffic: { ok: 100, errors: 0, clientErrors: 0 } };
  const lie = { ...work, elsewhere: { ok: 2_000_000, started: 2_000_000, inFlight: 1_000_000 } };
  backend.ticks(30, { a: lie, b: work, c: work, d: work });
  const sum = names.reduce((total, name) => total + backend.weight(name), 0);
  t.true(backend.weight('a') / sum <= 0.63, `${backend.weight('a')} of ${sum}`);
  for (const name of names) t.true(backend.weight(name) > 0, name);
});

test('nothing is learned just after a start, and without cpu', (t) => {
  for (const b of [
    working('b', 300, 0.5, { upForMs: 1_500 }),
    observed('b', { utilisation: { cpu: null, threads: 0.9 }, traffic: { ok: 500, errors: 0, clientErrors: 0 } }),
  ]) {
    const policy = new PolicyAlone();
    policy.tick([working('a', 100, 0.5), b]);
    t.true(policy.reasons.get('b')?.includes('capacity-prior'));
  }
});

test('the resource nearest to its limit steers: threads or bandwidth before cpu', (t) => {
  const policy = new PolicyAlone();
  const full = { ...calm, cpu: 0.25, threads: 0.5 };
  const shares = policy.tick([
    observed('a', { utilisation: full, traffic: { ok: 100, errors: 0, clientErrors: 0 } }),
    observed('b', { utilisation: { cpu: 0.5 }, traffic: { ok: 100, errors: 0, clientErrors: 0 } }),
  ]);
  t.true(near(shares['a'], 0.5, 1e-9));
});

test('RAM, threads and TCP queues cut by degrees, to a half each at 1; unknown ones do not', (t) => {
  t.deepEqual(saturationFactor(calm, thresholds), { factor: 1, metrics: [] });
  t.true(near(saturationFactor({ ...calm, ram: 0.9 }, thresholds).factor, 0.75));
  t.true(near(saturationFactor({ ...calm, ram: 1, threads: 1, tcpQueues: 1 }, thresholds).factor, 0.125));
  t.is(saturationFactor({ ...calm, cpu: 1, ram: null }, thresholds).factor, 1);
});

test('the cut comes and goes smoothly', (t) => {
  const policy = new PolicyAlone();
  const a = working('a', 100, 0.5);
  const b = (ram: number) => working('b', 100, 0.5, { utilisation: { cpu: 0.5, ram } });
  policy.tick([a, b(0.4)]);
  const first = policy.tick([a, b(1)]);
  t.true(near((first['b'] ?? 0) / (first['a'] ?? 1), 0.5 ** 0.3, 1e-9));
  let last = first;
  for (let tick = 0; tick < 20; tick += 1) last = policy.tick([a, b(1)]);
  t.true(near((last['b'] ?? 0) / (last['a'] ?? 1), 0.5, 1e-3));
  const back = policy.tick([a, b(0.4)]);
  t.true(near((back['b'] ?? 0) / (back['a'] ?? 1), 0.5 ** 0.7, 1e-3));
});

test('a backlog is drained under roundrobin, and only there', (t) => {
  for (const [algorithm, cut] of [
    ['roundrobin', true],
    ['leastconn', false],
    ['random', false],
  ] as const) {
    const policy = new PolicyAlone();
    const tick = () =>
      policy.tick([working('a', 100, 0.7, { inFlight: 300 }), working('b', 100, 0.7, { inFlight: 3 })], algorithm);
    tick();
    const { a = 0, b = 0 } = tick();
    t.is(a < b, cut, algorithm);
    t.is(policy.reasons.get('a')?.includes('backlog') ?? false, cut);
  }
});

test('a backlog factor drains within the time given, and stays within 0.4 and 1.15', (t) => {
  // 150 s of work above the pool's mean of 50 at utilisation 0.5: to be rid of 1 s in 4 it gets a quarter of C less
  const [longer, shorter] = withBacklogFactors(
    [
      { inFlight: 200, capacity: 100 },
      { inFlight: 0, capacity: 100 },
    ],
    100,
    4,
  );
  t.true(near(longer?.factor, 0.5));
  t.true(near(longer?.fairInFlight, 100));
  t.is(shorter?.factor, 1.15);
  const [worst] = withBacklogFactors(
    [
      { inFlight: 9_000, capacity: 100 },
      { inFlight: 0, capacity: 100 },
    ],
    0,
    4,
  );
  t.is(worst?.factor, 0.4);
});

test('capacity survives a time out of rotation, for ten minutes', (t) => {
  for (const [ticks, remembered] of [
    [290, true],
    [310, false],
  ] as const) {
    const policy = new PolicyAlone();
    policy.tick([working('a', 100, 0.5), working('b', 300, 0.5)]);
    for (let tick = 0; tick < ticks; tick += 1) policy.tick([working('a', 100, 0.5)]);
    policy.tick([working('a', 100, 0.5), observed('b', { traffic: null })]);
    t.is(policy.reasons.get('b')?.includes('capacity'), remembered, `${ticks} ticks`);
  }
});

test('through the guard: sizes are right three ticks after a cold start, and stay so when requests are first counted', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { policy: capacity(), algorithm: 'random' });
  const size = { a: 1, b: 2, c: 4 };
  const tick = (traffic: boolean) =>
    backend.tick(
      Object.fromEntries(
        Object.entries(size).map(([server, cores]) => {
          const ok = Math.round(100 * cores);
          return [
            server,
            { cores, utilisation: { cpu: 0.5 }, traffic: traffic ? { ok, errors: 0, clientErrors: 0 } : null },
          ];
        }),
      ),
    );
  for (const traffic of [false, true, true]) tick(traffic);
  t.deepEqual(Object.fromEntries(backend.weights), { a: 64, b: 128, c: 256 });
  tick(true);
  t.deepEqual(Object.fromEntries(backend.weights), { a: 64, b: 128, c: 256 });
});

test('through the guard: a busy cpu neither drains nor cuts, it only teaches', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100 }, { policy: capacity(), algorithm: 'random' });
  const traffic = { ok: 200, errors: 0, clientErrors: 0 };
  const decisions = backend.ticks(10, {
    a: { utilisation: { cpu: 1 }, traffic },
    b: { utilisation: { cpu: 0.5 }, traffic },
    c: { utilisation: { cpu: 0.5 }, traffic },
  });
  t.false(decisions.get('a')?.drained);
  t.false(reasonCodes(decisions.get('a')).includes('graded'));
  t.is(decisions.get('a')?.weight, 128);
});

test('through the guard: what is learned while a server ramps up counts at once', (t) => {
  const backend = new Backend({ a: 100, b: 100 }, { policy: capacity(), algorithm: 'random' });
  const as = (cpu: number) => ({ utilisation: { cpu }, traffic: { ok: 200, errors: 0, clientErrors: 0 } });
  backend.ticks(5, { a: as(0.5), b: as(0.5) });
  backend.ticks(3, { a: as(0.5), b: { exclusion: 'down' } });
  backend.ticks(4, { a: as(0.5), b: as(1) });
  t.true(backend.weight('b') <= 135, `${backend.weight('b')}`);
});
