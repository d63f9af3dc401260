import test from 'ava';
import { type CpuReading, cpuCollector } from '../../../agent/collectors/cpu.ts';
import { IsolatedCollector } from '../../../agent/sample/isolated-collector.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import type { ConfiguredLimits } from '../../../agent/scope/target.ts';
import { HandClock, ownGroup, RecordedTree, recordedStat } from '../support.ts';

const host: ScopeChoice = { kind: 'host' };

/** The collector as the agent runs it, with a window of 2 s. */
class CpuOf {
  readonly #clock = new HandClock();
  readonly #surroundings;
  readonly #collector: IsolatedCollector<'cpu', CpuReading>;

  constructor(tree: RecordedTree, scope: ScopeChoice, configured: Partial<ConfiguredLimits> = {}) {
    this.#surroundings = tree.surroundings(scope, configured);
    const collector = cpuCollector(this.#surroundings, effectiveCores(this.#surroundings));
    this.#collector = new IsolatedCollector(collector, this.#clock, 2_000);
  }

  sample() {
    const { target } = this.#surroundings;
    if (target.kind === 'process') target.tree.refresh();
    this.#collector.sample(this.#clock.nowMs);
    this.#clock.nowMs += 2_000;
    return this.#collector.current;
  }
}

const usage = (microseconds: number) => `usage_usec ${microseconds}\nuser_usec 1\nsystem_usec 1\n`;
/** /proc/stat of four cores, with `each` as the columns of every core. */
const stat = (...cores: readonly string[]) => {
  const columns = cores.map((core) => core.split(' ').map(Number));
  const total = (columns[0] ?? []).map((_, index) => columns.reduce((sum, each) => sum + (each[index] ?? 0), 0));
  return [`cpu  ${total.join(' ')}`, ...cores.map((core, index) => `cpu${index} ${core}`), ''].join('\n');
};

test('an idle column that stands still does not make an idle guest look busy', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', recordedStat('lxcfs-frozen-idle', 0));
  cpu.sample();
  tree.write('/proc/stat', recordedStat('lxcfs-frozen-idle', 2));
  t.like(cpu.sample(), { status: 'unavailable', reason: 'warming-up' });
});

test('an idle column that stands still does not make a guest at 60 % look full', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', stat('100 0 0 5000 0 0 0 0', '100 0 0 5000 0 0 0 0'));
  cpu.sample();
  tree.write('/proc/stat', stat('220 0 0 5000 0 0 0 0', '220 0 0 5000 0 0 0 0'));
  t.is(cpu.sample().status, 'unavailable');
});

test('an idle column that slips back by a few ticks does not blind the agent of a full machine', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', stat('100 0 0 5000 0 0 0 0', '100 0 0 5000 0 0 0 0'));
  cpu.sample();
  tree.write('/proc/stat', stat('299 0 0 4997 0 0 0 0', '299 0 0 4999 0 0 0 0'));
  t.like(cpu.sample(), { status: 'ok', utilisation: 1 });
  // hours of idle time that are lost, on a machine that does little: nothing can be told
  tree.write('/proc/stat', stat('301 0 0 10 0 0 0 0', '301 0 0 10 0 0 0 0'));
  t.is(cpu.sample().status, 'unavailable');
});

test('a machine that is never idle is full, though its idle column stands still', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', stat('100 0 0 5000 0 0 0 0', '100 0 0 5000 0 0 0 0'));
  cpu.sample();
  tree.write('/proc/stat', stat('295 0 0 5000 0 0 0 0', '299 0 0 5000 0 0 0 0'));
  t.like(cpu.sample(), { status: 'ok', utilisation: 1 });
});

test('a guest whose /proc/stat is of no use is measured by the CPU time of its own group', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/run/systemd/container', 'lxc\n');
  tree.write('/proc/self/cgroup', '0::/system.slice/haweight-agent.service\n');
  tree.write('/sys/fs/cgroup/cgroup.type', 'domain\n');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', recordedStat('lxcfs-frozen-idle', 0));
  cpu.sample();
  tree.write('/proc/stat', recordedStat('lxcfs-frozen-idle', 2));
  tree.write('/sys/fs/cgroup/cpu.stat', usage(3_000_000));
  // 1 core-second of 2 cores x 2 s
  t.like(cpu.sample(), { status: 'ok', utilisation: 0.25, raw: { busyCoreSeconds: 1, availableCoreSeconds: 4 } });
});

test('of two sums the real one counts, and neither is a core', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/proc/stat', recordedStat('lxcfs-two-cpu-lines', 0));
  const cpu = new CpuOf(tree, host);
  cpu.sample();
  tree.write('/proc/stat', recordedStat('lxcfs-two-cpu-lines', 2));
  t.like(cpu.sample(), { status: 'ok', utilisation: 0.5, raw: { busyCoreSeconds: 2, availableCoreSeconds: 4 } });
  t.is(effectiveCores(tree.surroundings(host)).at(0), 2);
});

test('steal that runs backwards, jumps or is near 2^64 counts as none', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', recordedStat('steal-backwards', 0));
  cpu.sample();
  tree.write('/proc/stat', recordedStat('steal-backwards', 2));
  const metric = cpu.sample();
  // 150 ticks of user, 20 of system and 230 of idle
  if (metric.status !== 'ok') return t.fail(metric.detail);
  t.true(Math.abs(metric.utilisation - 170 / 400) < 1e-9);
  t.is(metric.raw.stealCoreSeconds, 0);
});

for (const [what, later] of [
  ['steal falls', '150 0 0 5150 50 0 0 900'],
  ['steal jumps', '150 0 0 5150 50 0 0 100000000'],
  ['iowait falls', '150 0 0 5150 10 0 0 1000'],
  ['iowait jumps', '150 0 0 5150 90000000 0 0 1000'],
] as const) {
  test(`one column that cannot be believed leaves the rest: ${what}`, (t) => {
    using tree = new RecordedTree('host');
    const cpu = new CpuOf(tree, host);
    const before = '100 0 0 5000 50 0 0 1000';
    tree.write('/proc/stat', stat(before, before));
    cpu.sample();
    tree.write('/proc/stat', stat(later, later));
    t.like(cpu.sample(), { status: 'ok', utilisation: 0.25, raw: { stealCoreSeconds: 0 } });
  });
}

for (const [what, text] of [
  ['is all zeros', recordedStat('gvisor-zero', 0)],
  ['is empty', ''],
  ['is binary', '\0\u0001\ufffdcpu'],
  ['is cut off', 'cpu  100 0 5'],
  ['is not there', null],
] as const) {
  test(`a group and a process go on without a /proc/stat that ${what}`, (t) => {
    for (const [name, scope] of [
      ['container-v2', ownGroup],
      ['host', { kind: 'pid', pid: 700 }],
    ] as const) {
      using tree = new RecordedTree(name);
      tree.write('/sys/devices/system/cpu/online', '0-3\n');
      if (text === null) tree.remove('/proc/stat');
      else tree.write('/proc/stat', text);
      const cpu = new CpuOf(tree, scope);
      cpu.sample();
      if (scope === ownGroup) tree.write('/sys/fs/cgroup/cpu.stat', usage(2_500_000));
      else tree.change('/proc/700/stat', ' 100 50 30 20 ', ' 200 50 30 20 ');
      // half a core-second of half a core x 2 s; a core-second of 3 cores or of what the file shows
      const metric = cpu.sample();
      t.like(metric, { status: 'ok', raw: { stealCoreSeconds: 0, busyCoreSeconds: scope === ownGroup ? 0.5 : 1 } });
      if (scope === ownGroup) t.like(metric, { utilisation: 0.5 });
    }
  });
}

test('counters that do not move for 10 s are reported as not supported, and are used once they move', (t) => {
  using tree = new RecordedTree('host');
  const cpu = new CpuOf(tree, host);
  tree.write('/proc/stat', recordedStat('gvisor-zero', 0));
  const reasons = Array.from({ length: 8 }, () => {
    const metric = cpu.sample();
    return metric.status === 'ok' ? 'ok' : metric.reason;
  });
  t.deepEqual(
    reasons.slice(0, 5),
    Array.from({ length: 5 }, () => 'warming-up'),
  );
  t.deepEqual(reasons.slice(6), ['not-supported', 'not-supported']);
  const last = cpu.sample();
  t.true(last.status === 'unavailable' && last.detail.includes('/proc/stat') && last.detail.includes('--scope cgroup'));
  tree.write('/proc/stat', stat('100 0 0 100 0 0 0 0', '100 0 0 100 0 0 0 0'));
  cpu.sample();
  tree.write('/proc/stat', stat('200 0 0 200 0 0 0 0', '200 0 0 200 0 0 0 0'));
  t.like(cpu.sample(), { status: 'ok', utilisation: 0.5 });
});

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
