import test from 'ava';
import { ramCollector } from '../../../agent/collectors/ram.ts';
import { measureWith, ownGroup, RecordedTree } from '../support.ts';

const measure = measureWith(ramCollector);
const mebi = 2 ** 20;

test('of a host it is the part that is not available, whatever is free', (t) => {
  const raw = { usedBytes: 6144 * mebi, limitBytes: 8192 * mebi };
  t.deepEqual(measure('host', { kind: 'host' }), { status: 'ok', utilisation: 0.75, raw });
});

test('in cgroup v2 page cache that can be reclaimed does not count', (t) => {
  const raw = { usedBytes: 256 * mebi, limitBytes: 512 * mebi };
  t.deepEqual(measure('container-v2', ownGroup), { status: 'ok', utilisation: 0.5, raw });
});

test("in cgroup v2 a parent's limit counts where the group has none", (t) => {
  const raw = { usedBytes: 600 * mebi, limitBytes: 1200 * mebi };
  t.deepEqual(measure('unit-v2', ownGroup), { status: 'ok', utilisation: 0.5, raw });
});

test('in cgroup v1 a limit above what the container sees counts', (t) => {
  const raw = { usedBytes: 500 * mebi, limitBytes: 1000 * mebi };
  t.deepEqual(measure('container-v1', ownGroup), { status: 'ok', utilisation: 0.5, raw });
});

test("of a process it is resident memory of its tree, of its group's limit", (t) => {
  const raw = { usedBytes: 14_500 * 4096, limitBytes: 1024 * mebi };
  t.like(measure('host', { kind: 'pid', pid: 700 }), { status: 'ok', raw });
});

test('of a process a configured limit wins', (t) => {
  const metric = measure('host', { kind: 'pid', pid: 700 }, { memoryBytes: 58_000 * 1024 * 2 });
  t.like(metric, { status: 'ok', utilisation: 0.5 });
});

test('a kernel without MemAvailable is a failure, not 0', (t) => {
  using tree = new RecordedTree('host');
  tree.change('/proc/meminfo', 'MemAvailable:', 'MemWhatever:');
  const read = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
  t.false(read.ok);
  if (!read.ok) t.is(read.error.reason, 'failed');
});

test('a group that is removed is gone, not empty', (t) => {
  using tree = new RecordedTree('unit-v2');
  const collector = ramCollector(tree.surroundings(ownGroup));
  tree.remove('/sys/fs/cgroup/web.slice/app.service');
  const read = collector.read(0);
  t.false(read.ok);
  if (!read.ok) t.is(read.error.reason, 'target-gone');
});
