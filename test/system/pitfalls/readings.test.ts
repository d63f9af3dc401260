import test from 'ava';
import { unavailable } from '../../../agent/kernel/unavailable.ts';
import { makeRegistry } from '../../../agent/sample/registry.ts';
import { Sampler } from '../../../agent/sample/sampler.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { SnapshotBody } from '../../../agent/serve/snapshot-body.ts';
import { holdSnapshot, readingOf } from '../../../controller/observe/agent-readings.ts';
import { parseSnapshot } from '../../../controller/observe/parse-snapshot.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { metricNames, type Snapshot } from '../../../shared/contract/snapshot.ts';
import { HandClock, RecordedTree } from '../../agent/support.ts';
import { Backend, reasonCodes } from '../../controller/support/play.ts';

const windowMs = 2_000;
const noSockets = { dump: () => err(unavailable('not-supported', 'none here')) };

/** The whole path from the kernel's files, through the agent, to the snapshot that the controller reads. */
class Agent implements Disposable {
  readonly tree = new RecordedTree('host');
  readonly #clock = new HandClock();
  readonly #sampler: Sampler;
  readonly #body: SnapshotBody;

  constructor() {
    const surroundings = this.tree.surroundings({ kind: 'host' });
    const cores = effectiveCores(surroundings);
    const registry = makeRegistry(surroundings, cores, noSockets, this.#clock, windowMs);
    const { target } = surroundings;
    this.#sampler = new Sampler({ target, registry, cores, clock: this.#clock, windowMs, host: 'vm1', server: null });
    this.#body = new SnapshotBody(this.#sampler);
  }

  /** Samples `after` ms later, and answers. */
  answer(afterMs = 0): Snapshot {
    this.#clock.nowMs += afterMs;
    this.#sampler.sample();
    const answer = { status: 200, contentType: 'application/json', body: this.#body.json() ?? '' };
    const parsed = parseSnapshot(answer, 'http://vm1', 'vm1');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return parsed.value;
  }

  [Symbol.dispose](): void {
    this.tree[Symbol.dispose]();
  }
}

/** What policies see of a snapshot. */
function seen(snapshot: Snapshot) {
  const options = { staleAfterMs: 3_000, tcpQueueParts: ['receive', 'send', 'accept'] } as const;
  const { reading } = readingOf('http://a', holdSnapshot(ok(snapshot), null, 0), null, 0, options);
  if (reading.state !== 'fresh') throw new Error(reading.detail);
  return reading.utilisation;
}

test('memory that cannot be read is unknown to the policies, and earns no weight', (t) => {
  using agent = new Agent();
  t.is(seen(agent.answer()).ram, 0.75);
  for (const meminfo of [
    '',
    'MemTotal: 0 kB\nMemAvailable: 0 kB\n',
    'MemTotal:        8388608 kB\nMemFree:          200000 kB\n',
    'MemTotal: lots kB\nMemAvailable: most kB\n',
    'MemTotal:        8388608 kB\nMemAvailable:    -5 kB\n',
  ]) {
    agent.tree.write('/proc/meminfo', meminfo);
    const snapshot = agent.answer(1_000);
    t.is(snapshot.metrics.ram.status, 'unavailable', meminfo);
    t.is(seen(snapshot).ram, null, 'null, not 0');
  }
  // unknown counts as the mean of what is known, so it costs or earns little; a 0 would be half as much weight again
  const [unknown = 0, zero = 0] = [null, 0].map((ram) => {
    const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 }, { algorithm: 'random' });
    backend.ticks(30, { a: { utilisation: { ram } } });
    return backend.weight('a') / backend.weight('b');
  });
  t.true(zero > 1.5, `${zero}`);
  t.true(Math.abs(unknown - 1) < 0.2, `${unknown}`);
});

const all = 'cpu  10000 500 3000 80000 1500 0 500 4500 2000 100';
/** 2 s later on four cores, half of the time busy: 4 of 8 core-seconds. */
const later = 'cpu  10400 500 3000 80400 1500 0 500 4500 2000 100';
const muchLater = 'cpu  10800 500 3000 80800 1500 0 500 4500 2000 100';
const coreZero = 'cpu0 2500 125 750 20000 375 0 125 1125 500 25\n';

test('a machine without core 0 is measured by the cores that it has', (t) => {
  using agent = new Agent();
  agent.tree.change('/proc/stat', coreZero, '');
  t.is(agent.answer().effectiveCores, 3);
  agent.tree.change('/proc/stat', all, 'cpu  10300 500 3000 80300 1500 0 500 4500 2000 100');
  const snapshot = agent.answer(windowMs);
  t.like(snapshot.metrics.cpu, { status: 'ok', utilisation: 0.5 });
  t.is(snapshot.effectiveCores, 3);
});

test('cores that go offline and online between two samples make that window unknown, not idle', (t) => {
  using agent = new Agent();
  agent.answer();
  agent.tree.change('/proc/stat', all, later);
  t.like(agent.answer(windowMs).metrics.cpu, { utilisation: 0.5 });
  // offline: its part of the sums is gone
  agent.tree.change('/proc/stat', coreZero, '');
  agent.tree.change('/proc/stat', later, 'cpu  7800 375 2250 60300 1125 0 375 3375 1500 75');
  t.is(seen(agent.answer(windowMs)).cpu, null);
  // online again, with all its idle time since boot
  agent.tree.change(
    '/proc/stat',
    'cpu  7800 375 2250 60300 1125 0 375 3375 1500 75\n',
    `cpu  7900 375 2250 360300 1125 0 375 3375 1500 75\n${coreZero}`,
  );
  t.is(seen(agent.answer(windowMs)).cpu, null, 'an hour of idle time in two seconds does not mean an idle machine');
  agent.tree.change('/proc/stat', 'cpu  7900 375 2250 360300', 'cpu  8300 375 2250 360700');
  t.is(seen(agent.answer(windowMs)).cpu, 0.5, 'the next window is measured again');
});

test('when every file of the kernel is gone, every metric is unknown', (t) => {
  using agent = new Agent();
  agent.answer();
  agent.tree.change('/proc/stat', all, muchLater);
  agent.answer(windowMs);
  agent.tree.remove('/proc');
  agent.tree.remove('/sys');
  const snapshot = agent.answer(windowMs);
  t.deepEqual(
    metricNames.filter((name) => snapshot.metrics[name].status === 'ok'),
    [],
  );
  t.deepEqual(Object.values(seen(snapshot)), [null, null, null, null, null]);
});

test('a server without any metric is held where it is, while an idle one gains', (t) => {
  const nothing = { cpu: null, ram: null, bandwidth: null, threads: null, tcpQueues: null };
  const idle = { cpu: 0.01, ram: 0.01, bandwidth: 0, threads: 0, tcpQueues: 0 };
  const shares = [nothing, idle].map((utilisation) => {
    const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 }, { algorithm: 'random' });
    const last = backend.ticks(20, { a: { utilisation } });
    return { ratio: backend.weight('a') / backend.weight('b'), codes: reasonCodes(last.get('a')) };
  });
  const [failing, idling] = shares;
  t.true((idling?.ratio ?? 0) > 1.5, `${idling?.ratio}`);
  t.is(failing?.ratio, 1);
  t.true(failing?.codes.includes('held'));
});
