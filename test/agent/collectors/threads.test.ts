import test from 'ava';
import { chooseLimit, computeThreads, threadsCollector } from '../../../agent/collectors/threads.ts';
import { measureWith, ownGroup, RecordedTree } from '../support.ts';

const measure = measureWith(threadsCollector);

test("of a host it is all threads, of the first process's limit", (t) => {
  const raw = { threads: 400, limit: 32_000, limitSource: 'rlimit' } as const;
  t.deepEqual(measure('host', { kind: 'host' }), { status: 'ok', utilisation: 0.0125, raw });
});

test('in cgroup v2 it is of the pids limit', (t) => {
  const raw = { threads: 96, limit: 128, limitSource: 'cgroup' } as const;
  t.deepEqual(measure('container-v2', ownGroup), { status: 'ok', utilisation: 0.75, raw });
});

test("in cgroup v2 it is of the parent's pids limit where the group has none", (t) => {
  t.like(measure('unit-v2', ownGroup), { utilisation: 0.25, raw: { limit: 240, limitSource: 'cgroup' } });
});

test('in cgroup v1 without a pids limit it is of the tightest other limit', (t) => {
  t.like(measure('container-v1', ownGroup), { raw: { threads: 30, limit: 32_000, limitSource: 'rlimit' } });
});

test('a root group, which has no count of its own, has the threads of the machine', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.remove('/sys/fs/cgroup/pids.current');
  const read = threadsCollector(tree.surroundings(ownGroup)).read(0);
  t.like(read, { ok: true, value: { threads: 400 } });
});

test("without a pids controller a group's threads are unknown, never the machine's", (t) => {
  using tree = new RecordedTree('cgroup-no-memory-controller');
  tree.remove('/sys/fs/cgroup/pids.current');
  t.like(threadsCollector(tree.surroundings(ownGroup)).read(0), {
    ok: false,
    error: { reason: 'not-supported', detail: 'the group has no pids.current: the pids controller is off for it' },
  });
});

test("of a process it is the threads of its tree, of its group's limit", (t) => {
  t.like(measure('host', { kind: 'pid', pid: 700 }), {
    status: 'ok',
    utilisation: 9 / 500,
    raw: { threads: 9, limit: 500, limitSource: 'cgroup' },
  });
});

test('every thread needs a number, so pid_max is a limit of the machine', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/proc/sys/kernel/pid_max', '4000\n');
  const read = threadsCollector(tree.surroundings({ kind: 'host' })).read(0);
  t.like(read, { value: { threads: 400, limit: { limit: 4_000, limitSource: 'kernel' } } });
});

test('a limit of one user that the scope exceeds already is not its limit', (t) => {
  using tree = new RecordedTree('host');
  for (const limit of ['0', '399']) {
    tree.write('/proc/1/limits', `Max processes             ${limit.padEnd(21)}${limit.padEnd(21)}processes\n`);
    const read = threadsCollector(tree.surroundings({ kind: 'host' })).read(0);
    t.like(read, { value: { threads: 400, limit: { limitSource: 'kernel' } } }, limit);
  }
});

test("in a group it is a process of the group whose own limit counts, not the agent's", (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/sys/fs/cgroup/cgroup.procs', '0\n42\n');
  tree.write('/proc/42/limits', 'Max processes             100                  100                  processes\n');
  const read = threadsCollector(tree.surroundings(ownGroup)).read(0);
  t.like(read, { value: { threads: 96, limit: { limit: 100, limitSource: 'rlimit' } } });
});

test("a group's limit that is cut or empty is a failure, not the machine's limit", (t) => {
  using tree = new RecordedTree('container-v2');
  for (const text of ['', '12', 'ma']) {
    tree.write('/sys/fs/cgroup/pids.max', text);
    const read = threadsCollector(tree.surroundings(ownGroup)).read(0);
    t.like(read, { ok: false, error: { reason: 'failed' } }, text);
    t.true(threadsCollector(tree.surroundings(ownGroup, { threads: 200 })).read(0).ok);
  }
});

test("a configured limit wins over the kernel's", (t) => {
  const metric = measure('host', { kind: 'pid', pid: 700 }, { threads: 12 });
  t.like(metric, { status: 'ok', utilisation: 0.75, raw: { limitSource: 'configured' } });
});

test('without any limit it is unknown, not 0', (t) => {
  t.is(chooseLimit({ configured: null, cgroup: null, rlimit: null, kernel: null }), null);
  const last = { atMs: 0, reading: { threads: 5, limit: null } };
  t.like(computeThreads({ first: null, last }), { status: 'unavailable', reason: 'no-limit' });
});
