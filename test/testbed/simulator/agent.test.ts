import test from 'ava';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { SimulatedAgent } from '../../../testbed/simulator/agent.ts';
import { conditionsOf } from '../../../testbed/simulator/conditions.ts';
import type { ServerEvent } from '../../../testbed/simulator/schema.ts';
import { Server } from '../../../testbed/simulator/server.ts';
import { experiment } from './build.ts';

type Sketch = { readonly kind: 'slow' | 'hidden-slow'; readonly factor: number };

/** A server of two cores with this many endless requests, and its agent after some seconds. */
function measured(requests: number, sketches: readonly Sketch[] = []) {
  const [spec] = experiment({ fleet: [{ name: 's1', cores: 2, threads: 4, backlog: 10 }] }).fleet;
  if (spec === undefined) throw new Error('a fleet without a server');
  const silent = () => undefined;
  const random = seededRandom(1);
  const server = new Server({ spec, random, reschedule: silent, onDone: silent, onBroken: silent });
  const agent = new SimulatedAgent(spec, server, 20, random);
  become(server, sketches, 0);
  for (let request = 0; request < requests; request += 1) {
    server.receive(
      { arrivedMs: 0, demandMs: 1e9, wait: 0, retries: 0, stage: 0, queuedMs: 0, haproxy: 0, server: 0, over: false },
      0,
    );
  }
  let nowMs = agent.firstSampleMs;
  for (let second = 0; second < 5; second += 1) nowMs = agent.sample(nowMs);
  return { server, agent, nowMs };
}

function become(server: Server, sketches: readonly (Sketch | { kind: 'crash' | 'frozen-agent' })[], nowMs: number) {
  const events = sketches.map((sketch): ServerEvent => ({ server: 's1', fromSeconds: 0, ...sketch }));
  server.become(conditionsOf(events), nowMs);
}

function utilisations({ agent, nowMs }: ReturnType<typeof measured>) {
  const answer = agent.answer(nowMs);
  if (!answer.ok) throw new Error(answer.error.code);
  const { cpu, ram, bandwidth, threads, tcpQueues } = snapshotSchema.parse(answer.value).metrics;
  const of = (metric: { status: string; utilisation?: number }) => metric.utilisation ?? Number.NaN;
  return { cpu: of(cpu), ram: of(ram), bandwidth: of(bandwidth), threads: of(threads), tcpQueues: of(tcpQueues) };
}

/** Four times the standard deviation of the measurement noise. */
const noise = 0.04;

const cases: readonly { what: string; requests: number; sketches?: readonly Sketch[]; cpu: number }[] = [
  { what: 'idle: background use only', requests: 0, cpu: 0.01 },
  { what: 'one request on two cores', requests: 1, cpu: 0.51 },
  { what: 'as many requests as cores', requests: 2, cpu: 1 },
  { what: 'slow: measured against what is left', requests: 1, sketches: [{ kind: 'slow', factor: 0.5 }], cpu: 0.51 },
  {
    what: 'hidden: saturated, and 0.5 / 0.75 is shown',
    requests: 2,
    sketches: [{ kind: 'hidden-slow', factor: 0.5 }],
    cpu: 2 / 3 + 0.01,
  },
];

for (const { what, requests, sketches, cpu } of cases) {
  test(`the CPU metric shows the load: ${what}`, (t) => {
    const shown = utilisations(measured(requests, sketches)).cpu;
    t.true(Math.abs(shown - cpu) <= noise, `${shown}`);
    t.true(shown >= 0 && shown <= 1);
  });
}

test('the CPU metric has a bias of 1 % background use, and noise of 1 %', (t) => {
  const subject = measured(1);
  const values = Array.from({ length: 4_000 }, (_, second) => {
    subject.agent.sample(subject.nowMs + second * 1_000);
    return utilisations({ ...subject, nowMs: subject.nowMs + second * 1_000 }).cpu;
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  t.true(Math.abs(mean - 0.51) < 0.001, `${mean}`);
  t.true(Math.abs(deviation - 0.01) < 0.001, `${deviation}`);
});

test('threads count requests in service, and the accept queue those that wait', (t) => {
  const { threads, tcpQueues, ram } = utilisations(measured(9));
  t.deepEqual({ threads, tcpQueues, ram }, { threads: 1, tcpQueues: 0.5, ram: 0.4 + 9 * 0.0005 });
});

test('a snapshot grows older until the next sample; its window is two samples', (t) => {
  const { agent, nowMs } = measured(0);
  const age = (atMs: number) => {
    const answer = agent.answer(atMs);
    return answer.ok ? answer.value.ageMs : Number.NaN;
  };
  t.is(age(nowMs - 1_000), 0);
  t.is(age(nowMs - 200), 800);
  agent.sample(nowMs);
  t.is(age(nowMs + 10), 10);
  const answer = agent.answer(nowMs);
  t.true(answer.ok && Math.abs(answer.value.windowMs - 2_000) < 1e-6);
});

test('a frozen agent does not answer in time, and a crashed server has no agent', (t) => {
  const { server, agent, nowMs } = measured(1);
  const code = () => {
    const answer = agent.answer(nowMs);
    return answer.ok ? 'no problem' : answer.error.code;
  };
  become(server, [{ kind: 'frozen-agent' }], nowMs);
  t.is(code(), 'agent-timeout');
  become(server, [{ kind: 'crash' }], nowMs);
  t.is(code(), 'agent-unreachable');
  become(server, [], nowMs);
  t.is(code(), 'no problem');
});

test('a lying agent reports the given values for every metric, and for the cores', (t) => {
  const liar = measured(2);
  const claim = { kind: 'lying-agent', utilisation: 0.25, cores: 512, server: 's1', fromSeconds: 0 } as const;
  liar.server.become(conditionsOf([claim]), liar.nowMs);
  t.deepEqual(Object.values(utilisations(liar)), [0.25, 0.25, 0.25, 0.25, 0.25]);
  const answer = liar.agent.answer(liar.nowMs);
  t.is(answer.ok && answer.value.effectiveCores, 512);
});
