import test from 'ava';
import { paper, roundAsPublished } from '../../../../controller/decide/policies/paper.ts';
import type { Utilisations } from '../../../../shared/contract/observation.ts';
import { factors, observed, thresholds } from '../../support/build.ts';

const noneZeroed = { zeroed: [] };

function weigh(
  servers: Readonly<Record<string, Partial<Utilisations>>>,
  state: { zeroed: readonly string[] } = noneZeroed,
) {
  const observations = Object.entries(servers).map(([server, utilisation]) => observed(server, { utilisation }));
  const { verdicts, state: next } = paper.decide(
    { observations, factors, thresholds, algorithm: 'roundrobin', elapsedMs: 2_000 },
    state,
  );
  return { verdicts, next, weight: (server: string) => verdicts.get(server)?.weight };
}

const near = (t: { true(actual: boolean, message?: string): void }, actual: number, wanted: number) =>
  t.true(Math.abs(actual - wanted) < 1e-9, `${actual} is not ${wanted}`);

/*
 * Worked by hand. a: .5 x .20 + .3 x .30 + .15 x .10 + .05 x .10 = .100 + .090 + .015 + .005 = .210
 *                 b: .5 x .40 + .3 x .40 + .15 x .20 + .05 x .20 = .200 + .120 + .030 + .010 = .360
 *                 c: .5 x .70 + .3 x .60 + .15 x .30 + .05 x .30 = .350 + .180 + .045 + .015 = .590
 * Lavg = (.210 + .360 + .590) / 3 = 1.160 / 3 = .386666...
 */
const handWorked = {
  a: { cpu: 0.2, ram: 0.3, bandwidth: 0.1, threads: 0.1, tcpQueues: 0 },
  b: { cpu: 0.4, ram: 0.4, bandwidth: 0.2, threads: 0.2, tcpQueues: 0 },
  c: { cpu: 0.7, ram: 0.6, bandwidth: 0.3, threads: 0.3, tcpQueues: 0 },
};
const goldenTable = [
  // (1) Lr, (3) delta = |Lavg - Lr| / Lavg, (4) W
  { server: 'a', load: 0.21, delta: 0.53 / 1.16, raw: (1 / 0.21) * (1 + 0.53 / 1.16) }, // 6.9376
  { server: 'b', load: 0.36, delta: 0.08 / 1.16, raw: (1 / 0.36) * (1 + 0.08 / 1.16) }, // 2.9693
  { server: 'c', load: 0.59, delta: 0.61 / 1.16, raw: (1 / 0.59) * (1 - 0.61 / 1.16) }, // 0.8036
] as const;

for (const { server, load, delta, raw } of goldenTable) {
  test(`equations (1) to (4) give server ${server} the load, delta and weight worked by hand`, (t) => {
    const verdict = weigh(handWorked).verdicts.get(server);
    near(t, verdict?.load ?? Number.NaN, load);
    near(t, verdict?.delta ?? Number.NaN, delta);
    const inverse = verdict?.reasons.find((reason) => reason.code === 'inverse-load');
    near(t, inverse?.factor ?? Number.NaN, raw);
  });
}

test('the integers of the golden table: 6.94 and 2.97 round up, 0.80 (0.8036) rounds up too', (t) => {
  const { weight } = weigh(handWorked);
  t.deepEqual([weight('a'), weight('b'), weight('c')], [7, 3, 1]);
});

for (const [value, integer] of [
  [2.8, 2],
  [2.81, 3],
  [2.5, 2],
  [2.99, 3],
  [3, 3],
  [0.79, 0],
  [0.81, 1],
  [-0.3, 0],
  [1_000, 256],
] as const) {
  test(`a fraction above 0.8 rounds up, any other down: ${value} becomes ${integer}`, (t) => {
    t.is(roundAsPublished(value), integer);
  });
}

for (const [metric, at] of [
  ['cpu', 0.8],
  ['ram', 0.8],
  ['bandwidth', 0.8],
  ['threads', 0.85],
] as const) {
  test(`${metric} at ${at} means weight 0, just under it does not`, (t) => {
    t.is(weigh({ a: { [metric]: at }, b: {} }).weight('a'), 0);
    t.not(weigh({ a: { [metric]: at - 0.001 }, b: {} }).weight('a'), 0);
  });

  test(`a server zeroed for ${metric} comes back at its threshold, not above it`, (t) => {
    t.not(weigh({ a: { [metric]: at }, b: {} }, { zeroed: ['a'] }).weight('a'), 0);
    t.is(weigh({ a: { [metric]: at + 0.001 }, b: {} }, { zeroed: ['a'] }).weight('a'), 0);
  });
}

test('a TCP queue ratio means weight 0 above 0.9, not at it', (t) => {
  t.not(weigh({ a: { tcpQueues: 0.9 }, b: {} }).weight('a'), 0);
  t.is(weigh({ a: { tcpQueues: 0.901 }, b: {} }).weight('a'), 0);
});

test('of the TCP queues the fullest single one counts, as published', (t) => {
  const input = (fullestQueue: number | null | undefined) => {
    const { agent, ...rest } = observed('a', { utilisation: { tcpQueues: 0.1 } });
    if (agent.state === 'stale') throw new Error('stale');
    return { observations: [{ ...rest, agent: { ...agent, fullestQueue } }], factors, thresholds };
  };
  const weight = (fullestQueue: number | null | undefined) =>
    paper.decide({ ...input(fullestQueue), algorithm: 'roundrobin', elapsedMs: 2_000 }, noneZeroed).verdicts.get('a')
      ?.weight;
  t.is(weight(0.95), 0);
  t.not(weight(0.9), 0);
  t.not(weight(null), 0);
  t.not(weight(undefined), 0, 'recorded before');
});

test('taken literally, all servers over a threshold means weight 0 for all', (t) => {
  const { weight } = weigh({ a: { cpu: 0.9 }, b: { ram: 0.95 } });
  t.deepEqual([weight('a'), weight('b')], [0, 0]);
});

test('a server with a stale snapshot is held and does not count in the mean', (t) => {
  const observations = [observed('a', { utilisation: handWorked.a }), observed('b', { stale: true })];
  const { verdicts } = paper.decide(
    { observations, factors, thresholds, algorithm: 'roundrobin', elapsedMs: 2_000 },
    noneZeroed,
  );
  t.is(verdicts.get('b')?.weight, null);
  t.is(verdicts.get('a')?.delta, 0);
});

test('an unknown metric is not read as 0: the other factors are scaled up', (t) => {
  const { verdicts } = weigh({ a: { cpu: 0.4, ram: 0.4, bandwidth: null, threads: 0.4 } });
  near(t, verdicts.get('a')?.load ?? Number.NaN, 0.4);
});
