import test from 'ava';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { ownGroup, RecordedTree } from '../support.ts';
import { CpuOf, stat, usage } from './cpu-of.ts';

/** A group without a quota on four cores, of which `idle` ticks each pass free in 2 s; the group uses `used` µs. */
function withoutQuota(
  busy: number,
  idle: number,
  used: number,
  change: (tree: RecordedTree) => void = () => undefined,
) {
  using tree = new RecordedTree('container-v2');
  tree.write('/sys/fs/cgroup/cpu.max', 'max 100000\n');
  change(tree);
  const cores = (worked: number, free: number) => stat(...Array(4).fill(`${worked} 0 0 ${free} 0 0 0 0`));
  tree.write('/proc/stat', cores(1_000, 1_000));
  const cpu = new CpuOf(tree, ownGroup);
  cpu.sample();
  tree.write('/proc/stat', cores(1_000 + busy, 1_000 + idle));
  tree.write('/sys/fs/cgroup/cpu.stat', usage(2_000_000 + used));
  return cpu.sample();
}

test('a group without a quota is full where neighbours leave nothing', (t) => {
  t.like(withoutQuota(200, 0, 1_000_000), { status: 'ok', utilisation: 1 });
  t.like(withoutQuota(200, 0, 0), { status: 'ok', utilisation: 1 });
});

test('a group without a quota could have had what it used and what was free', (t) => {
  // 1 of the 2 + 1 core-seconds
  const metric = withoutQuota(150, 50, 1_000_000);
  if (metric.status !== 'ok') return t.fail(metric.detail);
  t.true(Math.abs(metric.utilisation - 1 / 3) < 1e-9);
  t.like(withoutQuota(50, 150, 2_000_000), { utilisation: 0.25 });
  t.like(withoutQuota(0, 200, 0), { utilisation: 0 });
});

for (const [some, utilisation] of [
  ['0.00', 0.1 / 8],
  ['5.00', 0.1 / (0.1 + 7.9 / 2)],
  ['10.00', 1],
  ['60.00', 1],
] as const) {
  test(`a group without a quota that waits for CPU ${some} % of the time is as full as that, not as its machine`, (t) => {
    const metric = withoutQuota(200, 0, 100_000, (tree) =>
      tree.write('/sys/fs/cgroup/cpu.pressure', `some avg10=${some} avg60=0.00 avg300=0.00 total=1\n`),
    );
    if (metric.status !== 'ok') return t.fail(metric.detail);
    t.true(Math.abs(metric.utilisation - utilisation) < 1e-9, `${metric.utilisation}`);
  });
}

test('without pressure a group without a quota is as full as its machine', (t) => {
  t.like(
    withoutQuota(200, 0, 100_000, (tree) => tree.remove('/sys/fs/cgroup/cpu.pressure')),
    { status: 'ok', utilisation: 1 },
  );
});

test('a quota as large as the machine is none', (t) => {
  const change = (tree: RecordedTree) => tree.write('/sys/fs/cgroup/cpu.max', '400000 100000\n');
  t.like(withoutQuota(200, 0, 1_000_000, change), { status: 'ok', utilisation: 1 });
});

test('a group with a quota is measured against it, whatever neighbours do', (t) => {
  const change = (tree: RecordedTree) => tree.write('/sys/fs/cgroup/cpu.max', '100000 100000\n');
  t.like(withoutQuota(200, 0, 500_000, change), { status: 'ok', utilisation: 0.25 });
});

test('a group that is bound to some CPUs is full where these are, though others are idle', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/sys/fs/cgroup/cpu.max', 'max 100000\n');
  tree.write('/sys/fs/cgroup/cpuset.cpus.effective', '0-1\n');
  const [full, idle] = ['1200 0 0 1000 0 0 0 0', '1000 0 0 1200 0 0 0 0'];
  const before = '1000 0 0 1000 0 0 0 0';
  tree.write('/proc/stat', stat(before, before, before, before));
  const cpu = new CpuOf(tree, ownGroup);
  cpu.sample();
  tree.write('/proc/stat', stat(full, full, idle, idle));
  tree.write('/sys/fs/cgroup/cpu.stat', usage(3_000_000));
  t.like(cpu.sample(), { status: 'ok', utilisation: 1, raw: { availableCoreSeconds: 1 } });
});

test('a quota that is empty, binary or cut is a failure, not all cores', (t) => {
  using tree = new RecordedTree('container-v2');
  for (const text of ['', '\0\0', '50000 1000', '50000\n']) {
    tree.write('/sys/fs/cgroup/cpu.max', text);
    t.like(new CpuOf(tree, ownGroup).sample(), {
      reason: 'failed',
      detail: 'cpu.max does not hold a quota and its period',
    });
  }
  t.like(new CpuOf(tree, ownGroup, { cores: 2 }).sample(), { reason: 'warming-up' }, 'what the operator says counts');
});

test('of quota, cpuset and online CPUs the tightest counts', (t) => {
  using tree = new RecordedTree('container-v2');
  const cores = () => effectiveCores(tree.surroundings(ownGroup)).at(0);
  tree.write('/sys/fs/cgroup/cpu.max', '300000 100000\n');
  tree.write('/sys/fs/cgroup/cpuset.cpus.effective', '0-1\n');
  t.is(cores(), 2);
  tree.write('/sys/fs/cgroup/cpu.max', '50000 100000\n');
  t.is(cores(), 0.5);
  tree.write('/sys/fs/cgroup/cpu.max', 'max 100000\n');
  tree.write('/sys/fs/cgroup/cpuset.cpus.effective', '2-5\n');
  tree.write('/sys/devices/system/cpu/online', '0-3\n');
  t.is(cores(), 2);
});

test('without cpuacct the version 2 part of a hybrid hierarchy tells the CPU time', (t) => {
  using tree = new RecordedTree('container-v1');
  tree.remove('/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage');
  const own = '/docker/0123456789abcdef';
  const mount = '99 35 0:38 / /sys/fs/cgroup/unified ro,relatime - cgroup2 cgroup2 rw\n';
  t.like(new CpuOf(tree, ownGroup).sample(), { status: 'unavailable', reason: 'not-supported' });
  const text = (path: string) => tree.files.textOrNull(path) ?? '';
  tree.write('/proc/self/mountinfo', text('/proc/self/mountinfo') + mount);
  tree.write('/proc/self/cgroup', `${text('/proc/self/cgroup').replace(/^0::.*\n/m, '')}0::${own}\n`);
  tree.write(`/sys/fs/cgroup/unified${own}/cpu.stat`, usage(1_000_000));
  const cpu = new CpuOf(tree, ownGroup);
  cpu.sample();
  tree.write(`/sys/fs/cgroup/unified${own}/cpu.stat`, usage(2_000_000));
  t.like(cpu.sample(), { status: 'ok', raw: { busyCoreSeconds: 1 } });
});

test("a group's counter that jumps says nothing for that window, and the next one is right", (t) => {
  using tree = new RecordedTree('container-v2');
  const cpu = new CpuOf(tree, ownGroup);
  cpu.sample();
  for (const microseconds of ['1', '99999999999999999999', '2000000']) {
    tree.write('/sys/fs/cgroup/cpu.stat', `usage_usec ${microseconds}\n`);
    t.like(cpu.sample(), { status: 'unavailable', reason: 'warming-up' }, microseconds);
  }
  tree.write('/sys/fs/cgroup/cpu.stat', usage(2_500_000));
  t.like(cpu.sample(), { status: 'ok', utilisation: 0.5 });
});

for (const text of ['', '\0\0\0', 'usage_usec', 'usage_usec -5\n', 'x'.repeat(1_000_000)]) {
  test(`a cpu.stat that cannot be read gives one reason: ${JSON.stringify(text.slice(0, 20))}`, (t) => {
    using tree = new RecordedTree('container-v2');
    tree.write('/sys/fs/cgroup/cpu.stat', text);
    t.like(new CpuOf(tree, ownGroup).sample(), { status: 'unavailable', reason: 'not-supported' });
  });
}

test('a group that vanishes between two reads is gone', (t) => {
  using tree = new RecordedTree('unit-v2');
  const cpu = new CpuOf(tree, ownGroup);
  cpu.sample();
  tree.remove('/sys/fs/cgroup/web.slice/app.service');
  t.like(cpu.sample(), { status: 'unavailable', reason: 'target-gone' });
});
