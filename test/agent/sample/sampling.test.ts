import test from 'ava';
import type { Collector } from '../../../agent/collectors/collector.ts';
import type { SocketSource } from '../../../agent/kernel/socket-diagnostics.ts';
import { unavailable } from '../../../agent/kernel/unavailable.ts';
import { ChangeLog } from '../../../agent/sample/change-log.ts';
import { IsolatedCollector } from '../../../agent/sample/isolated-collector.ts';
import { makeRegistry } from '../../../agent/sample/registry.ts';
import { Sampler } from '../../../agent/sample/sampler.ts';
import { SlidingWindow } from '../../../agent/sample/sliding-window.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { checkSample, SnapshotBody } from '../../../agent/serve/snapshot-body.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { type Metrics, metricNames, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { snapshot } from '../../support/snapshot.ts';
import { HandClock, RecordedTree } from '../support.ts';

const noSockets: SocketSource = { dump: () => err(unavailable('not-supported', 'none here')) };

/** A sampler of a recorded host, and its clock. */
function makeSampler(tree: RecordedTree, server: string | null = null, sockets = noSockets) {
  const clock = new HandClock();
  const surroundings = tree.surroundings({ kind: 'host' });
  const cores = effectiveCores(surroundings);
  const registry = makeRegistry(surroundings, cores, sockets, clock, 2_000);
  const { target } = surroundings;
  return { clock, sampler: new Sampler({ target, registry, cores, clock, windowMs: 2_000, host: 'vm1', server }) };
}

const fourCores = [0, 1, 2, 3].map((core) => `cpu${core} 1 1 1 1 1 1 1 1\n`).join('');

test('rates are unknown until the window is over, and other metrics are known at once', (t) => {
  using tree = new RecordedTree('host');
  const { clock, sampler } = makeSampler(tree);
  t.is(sampler.latest, null);
  for (const seconds of [0, 1, 2]) {
    if (seconds > 0) clock.nowMs += 1_000;
    tree.write('/proc/stat', `cpu  ${1_000 + 100 * seconds} 0 0 ${1_000 + 300 * seconds} 0 0 0 0\n${fourCores}`);
    sampler.sample();
    t.is(sampler.latest?.metrics.ram.status, 'ok');
    t.is(sampler.latest?.metrics.cpu.status, seconds < 2 ? 'unavailable' : 'ok');
    t.is(sampler.latest?.windowMs, 1_000 * seconds);
  }
  t.like(sampler.latest?.metrics.cpu, { utilisation: 0.25, raw: { availableCoreSeconds: 8 } });
});

test('the window keeps its configured length at any sampling period', (t) => {
  const window = new SlidingWindow<{ atMs: number }>(2_000);
  t.deepEqual(
    [0, 1_003, 1_998, 3_001, 4_000].map((atMs) => window.add({ atMs })?.atMs ?? null),
    [null, null, 0, 1_003, 1_998],
  );
  const sparse = new SlidingWindow<{ atMs: number }>(2_000);
  t.deepEqual(
    [0, 5_000, 10_000].map((atMs) => sparse.add({ atMs })?.atMs ?? null),
    [null, 0, 5_000],
  );
});

test("a served snapshot fits the controller's schema, and its age grows", (t) => {
  using tree = new RecordedTree('host');
  const { clock, sampler } = makeSampler(tree, 'web1');
  const body = new SnapshotBody(sampler);
  t.is(body.json(), null);
  sampler.sample();
  const first = snapshotSchema.parse(JSON.parse(body.json() ?? ''));
  t.like(first, { server: 'web1', host: 'vm1', ageMs: 0, effectiveCores: 4, scope: { kind: 'host' } });
  clock.nowMs += 700;
  const second = snapshotSchema.parse(JSON.parse(body.json() ?? ''));
  t.deepEqual(second, { ...first, ageMs: 700 });
});

test('one unreadable metric leaves the others', (t) => {
  using tree = new RecordedTree('host');
  const throwing: SocketSource = {
    dump() {
      throw new Error('boom');
    },
  };
  const { sampler } = makeSampler(tree, null, throwing);
  tree.remove('/proc/meminfo');
  sampler.sample();
  const metrics = sampler.latest?.metrics;
  t.like(metrics?.tcpQueues, { status: 'unavailable', reason: 'failed', detail: 'boom' });
  t.like(metrics?.ram, { status: 'unavailable', reason: 'not-supported' });
  t.is(metrics?.threads.status, 'ok');
});

test('a nonsense metric is served as failed, the others as they are', (t) => {
  using tree = new RecordedTree('host');
  const { sampler } = makeSampler(tree);
  sampler.sample();
  const { latest } = sampler;
  if (latest === null) return t.fail('no sample');
  for (const utilisation of [Number.NaN, -0.5, 1e308]) {
    const ram = { status: 'ok', utilisation, raw: { usedBytes: 1, limitBytes: 2 } } as const;
    const served = checkSample({ ...latest, metrics: { ...latest.metrics, ram } });
    t.like(served.metrics.ram, { status: 'unavailable', reason: 'failed' });
    t.is(served.metrics.threads.status, 'ok');
  }
});

test('a snapshot has the pressure, and is served without it where that is nonsense', (t) => {
  using tree = new RecordedTree('host');
  const { sampler } = makeSampler(tree);
  sampler.sample();
  const { latest } = sampler;
  if (latest === null) return t.fail('no sample');
  t.like(checkSample(latest), { version: 2, pressure: { memory: { some: 0.03, full: 0.015 } } });
  const pressure = { cpu: null, memory: { some: Number.NaN, full: 2 }, io: null };
  const memoryEvents = { high: 1, max: 2, oom: 3, oomKill: 4 };
  const served = checkSample({ ...latest, pressure, memoryEvents, machine: '' });
  t.is(served.pressure, undefined);
  t.is(served.machine, undefined);
  t.deepEqual(served.memoryEvents, memoryEvents);
  t.deepEqual(served.metrics, latest.metrics, 'no metric is blamed for it');
});

test('a slow collector counts as failed, and is not called for a while', (t) => {
  const clock = new HandClock();
  let reads = 0;
  const slow: Collector<'ram', number> = {
    name: 'ram',
    read() {
      reads += 1;
      clock.nowMs += reads === 1 ? 1_100 : 1;
      return ok(1);
    },
    compute: () => ({ status: 'ok', utilisation: 0.5, raw: { usedBytes: 1, limitBytes: 2 } }),
  };
  const isolated = new IsolatedCollector(slow, clock, 2_000);
  const startMs = clock.nowMs;
  isolated.sample(startMs);
  t.like(isolated.current, { status: 'unavailable', reason: 'failed' });
  isolated.sample(startMs + 10_000);
  t.is(reads, 1);
  isolated.sample(startMs + 11_000);
  t.is(reads, 2);
  t.is(isolated.current.status, 'ok');
});

test('a metric is logged when it fails and when it is back, and not in between', (t) => {
  const lines: string[] = [];
  const note = (message: string, fields: Readonly<Record<string, unknown>>) =>
    lines.push(`${message} ${fields['metric']} ${fields['reason'] ?? ''}`);
  const log = new ChangeLog({ info: note, warn: note });
  const { metrics } = snapshot();
  const failing = (reason: 'failed' | 'warming-up'): Metrics => ({ ...metrics, ram: unavailable(reason, 'x') });
  log.observe(failing('warming-up'));
  for (let sample = 0; sample < 3; sample += 1) log.observe(metrics);
  t.deepEqual(lines, ['metric unavailable bandwidth no-limit']);
  lines.length = 0;
  for (const reason of ['failed', 'failed', 'warming-up', 'failed'] as const) log.observe(failing(reason));
  t.deepEqual(lines, ['metric unavailable ram failed']);
  log.observe(failing('warming-up'));
  log.observe(metrics);
  log.observe(metrics);
  t.is(lines.at(-1), 'metric available again ram ');
  t.is(lines.length, 2);
});

test('every metric has an entry that knows its own name', (t) => {
  using tree = new RecordedTree('host');
  const surroundings = tree.surroundings({ kind: 'host' });
  const registry = makeRegistry(surroundings, effectiveCores(surroundings), noSockets, new HandClock(), 2_000);
  for (const name of metricNames) t.is(registry[name].name, name);
});
