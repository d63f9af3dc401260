import test from 'ava';
import { ramCollector } from '../../../agent/collectors/ram.ts';
import { ownGroup, RecordedTree } from '../support.ts';

const mebi = 2 ** 20;

test('a file is read whole, whatever size the kernel says and however many reads it takes', (t) => {
  using tree = new RecordedTree('host');
  for (const bytes of [0, 1, 65_535, 65_536, 65_537, 3 * mebi]) {
    const text = 'é'.repeat(bytes / 2) + 'x'.repeat(bytes % 2);
    tree.write('/proc/file', text);
    t.true(tree.files.textOrNull('/proc/file') === text, `${bytes}`);
  }
  const first = tree.files.bytesOrNull('/proc/meminfo');
  const before = Buffer.from(first ?? []).toString('hex');
  tree.files.textOrNull('/proc/file');
  t.is(Buffer.from(first ?? []).toString('hex'), before, 'a later read does not change an earlier one');
});

test('a file without end is refused in one line, and a long table of mounts is not', (t) => {
  using tree = new RecordedTree('cgroup-active-file');
  const huge = `${'inactive_file 1\n'.repeat(300_000)}`;
  tree.write('/sys/fs/cgroup/memory.stat', huge);
  const read = ramCollector(tree.surroundings(ownGroup)).read(0);
  t.like(read, {
    ok: false,
    error: { reason: 'failed', detail: '/sys/fs/cgroup/memory.stat: larger than 4 MiB' },
  });
  tree.write('/proc/self/mountinfo', huge);
  t.is(tree.files.textOrNull('/proc/self/mountinfo')?.length, huge.length);
});

test('a folder where a file should be is a failure in one line', (t) => {
  using tree = new RecordedTree('host');
  tree.remove('/proc/meminfo');
  tree.write('/proc/meminfo/x', '');
  t.like(tree.files.text('/proc/meminfo'), { ok: false, error: { reason: 'failed', detail: '/proc/meminfo: EISDIR' } });
});

test('what cannot be looked at does not exist, and throws nothing', (t) => {
  using tree = new RecordedTree('host');
  tree.link('/proc/loop', 'loop');
  t.true(tree.files.exists('/proc/stat'));
  for (const path of ['/none', '/proc/stat/below', '/proc/loop', '/a\0b']) {
    t.false(tree.files.exists(path), JSON.stringify(path));
  }
});
