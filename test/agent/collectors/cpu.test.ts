import test from 'ava';
import { computeCpu, cpuCollector } from '../../../agent/collectors/cpu.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import type { ConfiguredLimits } from '../../../agent/scope/target.ts';
import { ownGroup, RecordedTree } from '../support.ts';

const host: ScopeChoice = { kind: 'host' };

/** Reads, lets the test change the tree, reads again 2 s later, and computes. */
function measure(
  tree: RecordedTree,
  scope: ScopeChoice,
  change: () => void,
  configured: Partial<ConfiguredLimits> = {},
) {
  const surroundings = tree.surroundings(scope, configured);
  const { target } = surroundings;
  const collector = cpuCollector(surroundings, effectiveCores(surroundings));
  const readings = [1_000, 3_000].map((nowMs) => {
    if (nowMs > 1_000) change();
    if (target.kind === 'process') target.tree.refresh();
    const read = collector.read(nowMs);
    if (!read.ok) throw new Error(read.error.detail);
    return { atMs: nowMs, reading: read.value };
  });
  const [first = null, last] = readings;
  if (last === undefined) throw new Error('no reading');
  return computeCpu({ first, last });
}

const firstLine = 'cpu  10000 500 3000 80000 1500 0 500 4500 2000 100';

test('of a host steal is busy, iowait is idle, and guest is not counted twice', (t) => {
  using tree = new RecordedTree('host');
  // +300 user (200 of it guest) +20 nice +40 system +400 idle +100 iowait +10 irq +10 softirq +120 steal = 1000 ticks
  const metric = measure(tree, host, () =>
    tree.change('/proc/stat', firstLine, 'cpu  10300 520 3040 80400 1600 10 510 4620 2200 100'),
  );
  t.deepEqual(metric, {
    status: 'ok',
    utilisation: 0.5,
    raw: { busyCoreSeconds: 5, availableCoreSeconds: 10, stealCoreSeconds: 1.2000000000000028 },
  });
});

test('of a host counters that jump backwards make the window unknown, not negative or 0', (t) => {
  for (const later of [
    'cpu  9000 500 3000 80400 1500 0 500 4500 0 0',
    'cpu  10300 500 3000 70000 1500 0 500 4500 0 0',
    firstLine,
  ]) {
    using tree = new RecordedTree('host');
    const metric = measure(tree, host, () => tree.change('/proc/stat', firstLine, later));
    t.like(metric, { status: 'unavailable', reason: 'warming-up' }, later);
  }
});

test('the first reading alone is not a window', (t) => {
  using tree = new RecordedTree('host');
  const surroundings = tree.surroundings(host);
  const read = cpuCollector(surroundings, effectiveCores(surroundings)).read(0);
  t.true(read.ok);
  if (read.ok) t.like(computeCpu({ first: null, last: { atMs: 0, reading: read.value } }), { reason: 'warming-up' });
});

/** The host worked half the time, and a tenth of all its time was stolen. */
const laterHost = 'cpu  10300 500 3000 80500 1500 0 500 4600 0 0'; // +300 user +500 idle +100 steal = 900

test('in cgroup v2 it is of the quota, here half a core', (t) => {
  using tree = new RecordedTree('container-v2');
  const metric = measure(tree, ownGroup, () => {
    tree.change('/proc/stat', firstLine, 'cpu  10300 500 3000 80700 1500 0 500 4500 0 0');
    tree.change('/sys/fs/cgroup/cpu.stat', 'usage_usec 2000000', 'usage_usec 2500000');
  });
  // 0.5 core-seconds of 0.5 cores x 2 s
  t.like(metric, { status: 'ok', utilisation: 0.5, raw: { availableCoreSeconds: 1, stealCoreSeconds: 0 } });
});

test('in cgroup v2 a parent with a tighter quota counts, and steal is shared out', (t) => {
  using tree = new RecordedTree('unit-v2');
  const metric = measure(tree, ownGroup, () => {
    tree.change('/proc/stat', firstLine, laterHost);
    tree.change('/sys/fs/cgroup/web.slice/app.service/cpu.stat', 'usage_usec 5000000', 'usage_usec 6000000');
  });
  // 1 core-second used + 1/9 stolen of 1.5 cores x 2 s
  if (metric.status !== 'ok') return t.fail(metric.detail);
  t.is(metric.raw.availableCoreSeconds, 3);
  t.true(Math.abs(metric.raw.stealCoreSeconds - 3 / 9) < 1e-9);
  t.true(Math.abs(metric.utilisation - (1 + 3 / 9) / 3) < 1e-9);
});

test('in cgroup v1 without a quota it is of the CPUs that the group is bound to', (t) => {
  using tree = new RecordedTree('container-v1');
  const metric = measure(tree, ownGroup, () => {
    tree.change('/proc/stat', firstLine, 'cpu  10300 500 3000 80700 1500 0 500 4500 0 0');
    tree.write('/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage', '8000000000\n');
  });
  t.like(metric, { status: 'ok', utilisation: 0.25, raw: { busyCoreSeconds: 1, availableCoreSeconds: 4 } });
});

test('of a process it is the whole tree, of the cores that it may run on', (t) => {
  using tree = new RecordedTree('host');
  const metric = measure(tree, { kind: 'pid', pid: 700 }, () => {
    tree.change('/proc/stat', firstLine, 'cpu  10300 500 3000 80700 1500 0 500 4500 0 0');
    tree.change('/proc/700/stat', ' 100 50 30 20 ', ' 130 60 30 20 ');
    tree.change('/proc/720/stat', ' 4 1 0 0 ', ' 20 5 0 0 ');
  });
  // 0.4 + 0.2 core-seconds of 3 cores x 2 s
  t.like(metric, { status: 'ok', raw: { availableCoreSeconds: 6 } });
  if (metric.status === 'ok') t.true(Math.abs(metric.utilisation - 0.1) < 1e-9);
});

test('of a process configured cores win, and more than all of them is 1', (t) => {
  using tree = new RecordedTree('host');
  const change = () => {
    tree.change('/proc/stat', firstLine, 'cpu  10300 500 3000 80700 1500 0 500 4500 0 0');
    tree.change('/proc/700/stat', ' 100 50 30 20 ', ' 200 60 30 20 ');
  };
  const metric = measure(tree, { kind: 'pid', pid: 700 }, change, { cores: 0.3 });
  t.like(metric, { status: 'ok', utilisation: 1, raw: { availableCoreSeconds: 0.6 } });
});
