import test from 'ava';
import { adaptive } from '../../../../controller/decide/policies/adaptive.ts';
import type { Observation } from '../../../../shared/contract/observation.ts';
import type { Verdict } from '../../../../shared/contract/policy.ts';
import { normal, seededRandom } from '../../../../shared/math/random.ts';
import { factors, observed, thresholds } from '../../support/build.ts';

/** Ticks of the policy alone. */
class PolicyAlone {
  #state = adaptive.initialState;
  verdicts: ReadonlyMap<string, Verdict> = new Map();

  /** Weights as parts of the mean. */
  tick(observations: readonly Observation[], algorithm = 'roundrobin'): Record<string, number> {
    const input = { observations, factors, thresholds, algorithm, elapsedMs: 2_000 };
    const outcome = adaptive.decide(input, this.#state);
    this.#state = outcome.state;
    this.verdicts = outcome.verdicts;
    const weights = [...outcome.verdicts].map(([server, { weight }]) => [server, weight ?? Number.NaN] as const);
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
    return Object.fromEntries(weights.map(([server, weight]) => [server, (weight * weights.length) / total]));
  }
}

interface Load {
  readonly cores?: number;
  /** Successful requests a busy core-second. */
  readonly speed?: number;
  readonly cpu: number;
  readonly more?: Parameters<typeof observed>[1];
}

function working(server: string, { cores = 2, speed = 50, cpu, more = {} }: Load): Observation {
  const ok = Math.round(speed * cpu * cores * 2);
  return observed(server, {
    cores,
    utilisation: { cpu },
    traffic: { ok, errors: 0, clientErrors: 0 },
    inFlight: 1,
    ...more,
  });
}

const fleet = (loads: Readonly<Record<string, Load>>) =>
  Object.entries(loads).map(([server, load]) => working(server, load));
const names = ['a', 'b', 'c', 'd', 'e'];
const all = (load: Load) => Object.fromEntries(names.map((name) => [name, load]));
const is = (value: number | undefined, expected: number, by = 0.02) => Math.abs((value ?? 9) / expected - 1) <= by;

test('cold: by cores, whether requests can be counted or not', (t) => {
  const sizes = { a: { cores: 1, cpu: 0.5 }, b: { cores: 3, cpu: 0.5 } };
  t.true(is(new PolicyAlone().tick(fleet(sizes))['b'], 1.5));
  const tcp = fleet(sizes).map((each) => ({ ...each, traffic: null }));
  const policy = new PolicyAlone();
  for (let tick = 0; tick < 20; tick += 1) t.true(is(policy.tick(tcp)['b'], 1.5));
  t.is(policy.verdicts.get('a')?.capacity, null);
});

test('two ticks of some hundred requests show speeds; the capacity is in requests per second', (t) => {
  const policy = new PolicyAlone();
  const loads = { a: { speed: 25, cpu: 0.5 }, b: { speed: 50, cpu: 0.5 }, c: { speed: 50, cpu: 0.5 } };
  policy.tick(fleet(loads));
  const weights = policy.tick(fleet(loads));
  t.true((weights['a'] ?? 9) / (weights['b'] ?? 1) < 0.625, `${weights['a']}`);
  for (let tick = 0; tick < 5; tick += 1) policy.tick(fleet(loads));
  t.true(is(policy.verdicts.get('a')?.capacity ?? 0, 50, 0.1), `${policy.verdicts.get('a')?.capacity}`);
  t.true(is(policy.verdicts.get('b')?.capacity ?? 0, 100, 0.1));
});

test('what all have in common moves no weight: heavier requests, at once or little by little', (t) => {
  const policy = new PolicyAlone();
  const loads = (times: number) => {
    const speed = { a: 40, b: 50, c: 50, d: 50, e: 60 };
    return fleet(
      Object.fromEntries(Object.entries(speed).map(([name, per]) => [name, { speed: per * times, cpu: 0.5 }])),
    );
  };
  for (let tick = 0; tick < 30; tick += 1) policy.tick(loads(1));
  const before = policy.tick(loads(1));
  for (const times of [0.5, 0.5, 0.4, 0.3, 2]) {
    const now = policy.tick(loads(times));
    for (const name of names) t.true(is(now[name], before[name] ?? 0, 0.03), `${times} ${name}`);
  }
});

test('a halved speed is followed at once; a pause of one tick is given back at once', (t) => {
  const policy = new PolicyAlone();
  const tick = (speed: number) => {
    const cpu = speed < 50 ? 0.9 : 0.6;
    return policy.tick(fleet({ ...all({ cpu: 0.6 }), a: { speed, cpu } }))['a'] ?? 0;
  };
  for (let ticks = 0; ticks < 20; ticks += 1) tick(50);
  t.true(tick(25) < 0.7);
  t.true(tick(50) > 0.85);
});

test('equal servers under chance: within 1 % of equal weights in nearly all ticks', (t) => {
  const random = seededRandom(7);
  const policy = new PolicyAlone();
  let calm = 0;
  for (let tick = 0; tick < 300; tick += 1) {
    const loads = names.map((name) => {
      const noise = Math.exp(normal(random) * Math.sqrt(2.25 / 140));
      return [name, { cpu: 0.7 * noise, speed: 50 / noise }] as const;
    });
    const weights = policy.tick(fleet(Object.fromEntries(loads)));
    if (Object.values(weights).every((weight) => Math.abs(weight - 1) < 0.01)) calm += 1;
  }
  t.true(calm >= 290, `${calm} of 300`);
});

test('a neighbour that has ended is forgotten within a minute, with few requests too', (t) => {
  const names = ['a', 'b', 'c'];
  const load = (cpu: number, ok: number): Load => {
    return {
      cores: 0.2,
      cpu,
      more: { utilisation: { cpu, bandwidth: 0 }, traffic: { ok, errors: 0, clientErrors: 0 } },
    };
  };
  const usual = load(0.11, 6);
  const loads = (a: Load) => fleet({ ...Object.fromEntries(names.map((name) => [name, usual])), a });
  // it came after a time without it, or was there from the start
  for (const ticksBefore of [20, 0]) {
    const policy = new PolicyAlone();
    for (let tick = 0; tick < ticksBefore; tick += 1) policy.tick(loads(usual));
    for (let tick = 0; tick < 20; tick += 1) policy.tick(loads(load(0.95, 6)));
    const cut = policy.tick(loads(load(0.95, 6)))['a'] ?? 1;
    t.true(cut < 0.5, `${cut}`);
    for (let tick = 0; tick < 30; tick += 1) policy.tick(loads(load(0.045, 2)));
    const back = policy.tick(loads(load(0.045, 2)))['a'] ?? 0;
    t.true(back > 0.9, `${back} after ${ticksBefore} ticks without it`);
  }
});

test('in a pair the one that changed is cut, and sizes are learned', (t) => {
  const policy = new PolicyAlone();
  const tick = (speed: number) => policy.tick(fleet({ a: { cpu: 0.5 }, b: { cores: 8, speed, cpu: 0.5 } }));
  for (let ticks = 0; ticks < 10; ticks += 1) tick(50);
  t.true(is((tick(50)['b'] ?? 0) / (tick(50)['a'] ?? 1), 4));
  for (let ticks = 0; ticks < 4; ticks += 1) tick(25);
  t.true(is((tick(25)['b'] ?? 0) / (tick(25)['a'] ?? 1), 2, 0.1));
});

test('a night without load forgets nothing', (t) => {
  const policy = new PolicyAlone();
  const day = { a: { speed: 40, cpu: 0.5 }, b: { speed: 60, cpu: 0.5 }, c: { cpu: 0.5 } };
  for (let ticks = 0; ticks < 30; ticks += 1) policy.tick(fleet(day));
  const evening = policy.tick(fleet(day));
  const idle = { traffic: { ok: 1, errors: 0, clientErrors: 0 }, utilisation: { cpu: 0.012, bandwidth: 0.001 } };
  const night = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { cpu: 0.012, more: idle }]));
  for (let ticks = 0; ticks < 3_600; ticks += 1) policy.tick(fleet(night));
  const morning = policy.tick(fleet(day));
  for (const name of ['a', 'b', 'c']) t.true(is(morning[name], evening[name] ?? 0, 0.03), name);
});

test('threads and RAM at rest, or a server without agent, change no weight of its', (t) => {
  const policy = new PolicyAlone();
  const resting = { utilisation: { cpu: 0.5, threads: 0.9, ram: 0.85 } };
  for (let ticks = 0; ticks < 30; ticks += 1) {
    const weights = policy.tick(fleet({ ...all({ cpu: 0.5 }), a: { cpu: 0.5, more: resting } }));
    t.true(is(weights['a'], 1, 0.01));
  }
  const weights = policy.tick(fleet({ ...all({ cpu: 0.5 }), a: { cpu: 0.5, more: { stale: true } } }));
  t.true(is(weights['a'], 1, 0.01));
});

test('a server that is just back is idle, which is no reason for more', (t) => {
  const policy = new PolicyAlone();
  for (let tick = 0; tick < 20; tick += 1) policy.tick(fleet(all({ cpu: 0.7 })));
  const back = { ...all({ cpu: 0.8 }), a: { cpu: 0.05, more: { upForMs: 1_000 } } };
  for (let tick = 0; tick < 2; tick += 1) t.true(is(policy.tick(fleet(back))['a'], 1, 0.001));
});

test('the explanation has the load, the size, the speed, and the factor for the load', (t) => {
  const policy = new PolicyAlone();
  policy.tick(fleet(all({ cpu: 0.5 })));
  const { load, delta, reasons } = policy.verdicts.get('a') ?? { load: null, delta: null, reasons: [] };
  t.true(load !== null && delta === 0);
  t.deepEqual(
    reasons.map(({ code }) => code),
    ['load', 'capacity', 'speed', 'inverse-load'],
  );
});

/** Two servers of one core that are well, and one of four cores whose program uses one of them. */
const oneThreadIn = (queue: number) => [
  working('a', { cores: 1, cpu: 0.4 }),
  working('b', { cores: 1, cpu: 0.4 }),
  working('c', { cores: 4, cpu: 0.22, more: { inFlight: queue } }),
];

test('one thread on four cores is not forgotten while its server is away, nor in a night without a queue', (t) => {
  const policy = new PolicyAlone();
  t.true((policy.tick(oneThreadIn(8))['c'] ?? 0) > 1.9, 'by its cores at first');
  for (let tick = 0; tick < 30; tick += 1) policy.tick(oneThreadIn(8));
  const learned = policy.tick(oneThreadIn(8))['c'] ?? 9;
  t.true(learned < 1.2, `${learned}`);
  for (let tick = 0; tick < 5; tick += 1) policy.tick(oneThreadIn(8).slice(0, 2));
  const back = policy.tick(oneThreadIn(8))['c'];
  t.true(is(back, learned, 0.1), `${back} after its return, ${learned} before`);
  const resting = ['a', 'b', 'c'].map((server) => {
    const utilisation = { cpu: server === 'c' ? 0.01 : 0.04, bandwidth: 0.001 };
    const traffic = { ok: 2, errors: 0, clientErrors: 0 };
    return observed(server, { cores: server === 'c' ? 4 : 1, utilisation, traffic });
  });
  for (let tick = 0; tick < 5_000; tick += 1) policy.tick(resting);
  const rested = policy.tick(oneThreadIn(8))['c'] ?? 9;
  t.true(rested < 1.1 * learned && rested > 0.6 * learned, `${rested} after the night, ${learned} before`);
});

test('while its agent is silent, a queue that its requests do not explain cuts a server', (t) => {
  const policy = new PolicyAlone();
  const calm = fleet(all({ cpu: 0.4 }));
  for (let tick = 0; tick < 5; tick += 1) policy.tick(calm);
  const silent = { stale: true, inFlight: 60, traffic: { ok: 60, errors: 0, clientErrors: 0 } };
  const stuck = [...calm.slice(0, 4), observed('e', silent)];
  // under random nothing else looks at the queue
  for (let tick = 0; tick < 9; tick += 1) policy.tick(stuck, 'random');
  const weight = policy.tick(stuck, 'random')['e'] ?? 9;
  t.true(weight < 0.5, `${weight}`);
  for (let tick = 0; tick < 9; tick += 1) policy.tick([...calm.slice(0, 4), observed('e', { stale: true })], 'random');
  t.true((policy.tick(calm, 'random')['e'] ?? 0) > weight, 'the queue is gone');
});
