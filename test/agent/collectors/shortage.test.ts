import test from 'ava';
import { ShortageReader } from '../../../agent/collectors/shortage.ts';
import { Cgroup } from '../../../agent/kernel/cgroup.ts';
import { parseMemoryEvents, parsePressure } from '../../../agent/kernel/pressure.ts';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import { ownGroup, RecordedTree, type TreeName } from '../support.ts';

function readShortage(name: TreeName, scope: ScopeChoice, change: (tree: RecordedTree) => void = () => undefined) {
  using tree = new RecordedTree(name);
  const surroundings = tree.surroundings(scope);
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  change(tree);
  return new ShortageReader(surroundings).at(0);
}

/** A file that only the root group does not have. */
const belowRoot = (tree: RecordedTree) => tree.write('/sys/fs/cgroup/cgroup.type', 'domain\n');

test('of a host it is the pressure of the machine, as shares of the last 10 s', (t) => {
  t.deepEqual(readShortage('host', { kind: 'host' }), {
    pressure: {
      cpu: { some: 0.1234, full: 0 },
      memory: { some: 0.03, full: 0.015 },
      io: { some: 0.0032, full: 0.0031 },
    },
  });
});

test("in cgroup v2 it is the group's own, with the events of its memory", (t) => {
  t.deepEqual(readShortage('container-v2', ownGroup, belowRoot), {
    pressure: {
      cpu: { some: 0.55, full: 0.44 },
      memory: { some: 0.2, full: 0.1 },
      io: { some: 0, full: 0 },
    },
    memoryEvents: { high: 7, max: 31, oom: 2, oomKill: 1 },
  });
});

test('of a process it is that of the group that it is in', (t) => {
  t.deepEqual(readShortage('host', { kind: 'pid', pid: 700 }), {
    pressure: { cpu: { some: 0.08, full: 0.02 }, memory: { some: 0.01, full: 0.005 }, io: null },
    memoryEvents: { high: 0, max: 3, oom: 0, oomKill: 0 },
  });
});

test('the root group has the pressure of the machine', (t) => {
  const inRoot = (tree: RecordedTree) => tree.write('/proc/700/cgroup', '0::/\n');
  t.like(readShortage('host', { kind: 'pid', pid: 700 }, inRoot), { pressure: { cpu: { some: 0.1234 } } });
});

test("a group without pressure, as in version 1, does not get the machine's", (t) => {
  t.deepEqual(
    readShortage('container-v1', ownGroup, (tree) => tree.write('/proc/pressure/cpu', 'some avg10=9.00 avg60=1\n')),
    {},
  );
  const withoutPressure = (tree: RecordedTree) => {
    belowRoot(tree);
    for (const name of ['cpu.pressure', 'memory.pressure', 'io.pressure', 'memory.events']) {
      tree.remove(`/sys/fs/cgroup/${name}`);
    }
  };
  t.deepEqual(readShortage('container-v2', ownGroup, withoutPressure), {});
});

test('in a hybrid hierarchy it is that of the version 2 group, unless that is the root', (t) => {
  using tree = new RecordedTree('container-v1');
  const [unified, memory] = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/memory'];
  tree.write(`${unified}/app/cpu.pressure`, 'some avg10=4.00 avg60=1.00\n');
  tree.write(`${unified}/cpu.pressure`, 'some avg10=90.00 avg60=1.00\n');
  const read = (folders: readonly string[]) => {
    const location = {
      version: 1,
      path: '/app',
      folders: { memory: [`${memory}/app`, memory] },
      unified: folders,
    } as const;
    const target = { kind: 'cgroup', cgroup: new Cgroup(tree.files, location) } as const;
    return new ShortageReader({ ...tree.surroundings(ownGroup), target }).at(0);
  };
  t.like(read([`${unified}/app`, unified]), { pressure: { cpu: { some: 0.04 } } });
  t.deepEqual(read([unified]), {});
});

test('an older kernel has no line `full` for the CPU', (t) => {
  const text = 'some avg10=2.01 avg60=1.87 avg300=6.51 total=6116757460\n';
  t.deepEqual(parsePressure(text), { some: 0.0201, full: null });
});

test('what is empty, cut short, binary or damaged is unknown', (t) => {
  for (const text of [
    '',
    'some avg10=1',
    'some avg10=12.3',
    'some avg10=-1.00 avg60=0',
    '\0\0',
    'full',
    'some total=5\n',
  ]) {
    t.is(parsePressure(text), null, text);
  }
  t.deepEqual(parsePressure('some avg10=999.99 avg60=0\n'), { some: 1, full: null });
  const events = ['', 'low 0\nhigh 0\nmax 3\n', 'high -1\nmax 1\noom 1\noom_kill 1\n', '\0', 'high 1 max 1 oom 1'];
  for (const text of [...events, 'high 99999999999999999999\nmax 1\noom 1\noom_kill 1\n']) {
    t.is(parseMemoryEvents(text), null, text);
  }
});

test('it is read anew after two seconds, and files that vanish meanwhile cost only it', (t) => {
  using tree = new RecordedTree('host');
  const reader = new ShortageReader(tree.surroundings({ kind: 'host' }));
  const cpu = (nowMs: number) => reader.at(nowMs).pressure?.cpu?.some;
  t.is(cpu(0), 0.1234);
  tree.change('/proc/pressure/cpu', 'avg10=12.34', 'avg10=50.00');
  t.is(cpu(1_000), 0.1234, 'the kernel has nothing new yet');
  t.is(cpu(2_000), 0.5);
  tree.write('/proc/pressure/cpu', '');
  t.like(reader.at(4_000).pressure, { cpu: null, memory: { some: 0.03 } });
  tree.remove('/proc/pressure');
  t.deepEqual(reader.at(6_000), {});
});
