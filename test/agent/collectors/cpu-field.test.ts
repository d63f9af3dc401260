import test from 'ava';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import { ownGroup, RecordedTree, recordedStat } from '../support.ts';
import { CpuOf, stat, usage } from './cpu-of.ts';

const host: ScopeChoice = { kind: 'host' };

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
