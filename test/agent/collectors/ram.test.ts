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

test('of a process the files that it maps do not count, shared memory does', (t) => {
  using tree = new RecordedTree('host');
  tree.write(
    '/proc/700/status',
    'Name:\tapp\nVmRSS:\t   36000 kB\nRssAnon:\t   4000 kB\nRssFile:\t   30000 kB\nRssShmem:\t 2000 kB\n',
  );
  const surroundings = tree.surroundings({ kind: 'pid', pid: 700 });
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  t.like(ramCollector(surroundings).read(0), { value: { usedBytes: 14_500 * 4096 - 30_000 * 1024 } });
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

for (const [what, meminfo] of [
  ['an empty meminfo', ''],
  [
    'a meminfo that was cut in a number',
    'MemTotal:        8388608 kB\nMemFree:          104857 kB\nMemAvailable:    20971',
  ],
  ['a binary meminfo', '\0\u{1}\u{fffd}MemTotal\0'],
  ['a meminfo with more available than there is', 'MemTotal: 1024 kB\nMemFree: 512 kB\nMemAvailable: 24216412 kB\n'],
  ['a meminfo with swap only', 'SwapTotal: 8388608 kB\nSwapFree: 8388608 kB\n'],
] as const) {
  test(`of a host, ${what} is a failure in one line`, (t) => {
    using tree = new RecordedTree('host');
    tree.write('/proc/meminfo', meminfo);
    const read = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
    t.like(read, { ok: false, error: { reason: 'failed' } });
  });
}

test("of a host, ZFS's cache above its least size is available", (t) => {
  const arc = 51_500_000_000 - 2_105_671_680;
  const usedBytes = (65_802_240 - 3_145_728) * 1024 - arc;
  const metric = measure('zfs-arc', { kind: 'host' });
  t.like(metric, { status: 'ok', raw: { usedBytes, limitBytes: 65_802_240 * 1024 } });
  t.true(metric.status === 'ok' && metric.utilisation < 0.25);
});

test('of a host, statistics of ZFS that are damaged make memory unknown: a full cache would look like a shortage', (t) => {
  const arcstats = '/proc/spl/kstat/zfs/arcstats';
  const usedBytes = (65_802_240 - 3_145_728) * 1024;
  using tree = new RecordedTree('zfs-arc');
  const collector = ramCollector(tree.surroundings({ kind: 'host' }));
  t.true(collector.read(0).ok);
  for (const text of ['', 'size 4 515', 'c_min 4 1\nsize 4 -5\n', '\0\0']) {
    tree.write(arcstats, text);
    t.like(collector.read(1_000), { error: { reason: 'failed', detail: `${arcstats} has no size` } }, text);
  }
  tree.write(arcstats, 'c_min 4 900\nsize 4 800\n');
  t.like(collector.read(2_000), { value: { usedBytes } }, 'a cache below its least size gives nothing back');
  tree.remove(arcstats);
  t.like(collector.read(3_000), { value: { usedBytes } }, 'the module was unloaded');
});

test("of a host, ZFS's cache without a least size has ZFS's own default", (t) => {
  using tree = new RecordedTree('zfs-arc');
  tree.write('/proc/spl/kstat/zfs/arcstats', 'size 4 51500000000\n');
  const [total, arc] = [65_802_240 * 1024, 51_500_000_000];
  const usedBytes = (65_802_240 - 3_145_728) * 1024 - (arc - total / 32);
  t.like(ramCollector(tree.surroundings({ kind: 'host' })).read(0), { value: { usedBytes } });
});

test("ZFS's cache does not make memory available that programs hold", (t) => {
  using tree = new RecordedTree('zfs-arc');
  const heldKib = 40_000_000;
  tree.change('/proc/meminfo', 'Buffers:', `AnonPages: ${heldKib - 1_000} kB\nShmem: 1000 kB\nBuffers:`);
  const read = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
  t.like(read, { value: { usedBytes: heldKib * 1024 } });
});

test("the machine's ZFS and huge pages are not those of a container under lxcfs", (t) => {
  for (const name of ['zfs-arc', 'hugepages-free'] as const) {
    using tree = new RecordedTree(name);
    const before = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
    const mount = '77 60 0:45 /proc/meminfo /proc/meminfo rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0\n';
    tree.write('/proc/self/mountinfo', mount);
    const after = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
    t.true(before.ok && after.ok && after.value.usedBytes > 4 * before.value.usedBytes, name);
  }
});

test('of a host, huge pages that nobody uses are available', (t) => {
  const usedBytes = (65_802_240 - 5_242_880 - 28_600 * 2_048) * 1024;
  t.like(measure('hugepages-free', { kind: 'host' }), { raw: { usedBytes, limitBytes: 65_802_240 * 1024 } });
});

test('huge pages that are used or promised are not available', (t) => {
  using tree = new RecordedTree('hugepages-free');
  const collector = ramCollector(tree.surroundings({ kind: 'host' }));
  tree.change('/proc/meminfo', 'HugePages_Rsvd:        0', 'HugePages_Rsvd:    28500');
  t.like(collector.read(0), { value: { usedBytes: (65_802_240 - 5_242_880 - 100 * 2_048) * 1024 } });
  tree.change('/proc/meminfo', 'HugePages_Free:    28600', 'HugePages_Free:        0');
  t.like(collector.read(0), { value: { usedBytes: (65_802_240 - 5_242_880) * 1024 } });
});

test('huge pages of other sizes, which meminfo only sums up, count too', (t) => {
  using tree = new RecordedTree('hugepages-free');
  const gibi = 2 ** 20;
  tree.change('/proc/meminfo', '28672', '    0');
  tree.change('/proc/meminfo', '28600', '    0');
  const pool = '/sys/kernel/mm/hugepages';
  tree.write(`${pool}/hugepages-2048kB/free_hugepages`, '7\n');
  tree.write(`${pool}/hugepages-1048576kB/free_hugepages`, '40\n');
  tree.write(`${pool}/hugepages-1048576kB/resv_hugepages`, '10\n');
  const read = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
  t.like(read, { value: { usedBytes: (65_802_240 - 5_242_880 - 30 * gibi) * 1024 } });
});

test('in cgroup v2 active page cache and reclaimable slab do not count', (t) => {
  const usedBytes = 1_072_693_248 - 20_971_520 - 849_346_560 - 12_582_912;
  const metric = measure('cgroup-active-file', ownGroup);
  t.like(metric, { status: 'ok', raw: { usedBytes, limitBytes: 2 ** 30 } });
  t.true(metric.status === 'ok' && metric.utilisation < 0.18);
});

test('in cgroup v2 shared memory counts, though the kernel calls it page cache too', (t) => {
  using tree = new RecordedTree('cgroup-active-file');
  const file = '/sys/fs/cgroup/memory.stat';
  tree.change(file, 'shmem 0', 'shmem 849346560');
  tree.change(file, 'active_anon 188743680', 'active_anon 1038090240');
  tree.change(file, 'active_file 849346560', 'active_file 0');
  const read = ramCollector(tree.surroundings(ownGroup)).read(0);
  t.like(read, { value: { usedBytes: 1_072_693_248 - 20_971_520 - 12_582_912 } });
});

test('a group that has less than it could give back uses nothing, not less', (t) => {
  using tree = new RecordedTree('cgroup-active-file');
  tree.write('/sys/fs/cgroup/memory.current', '1000\n');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { value: { usedBytes: 0 } });
});

test('in cgroup v1 active page cache of the group and its children does not count', (t) => {
  using tree = new RecordedTree('container-v1');
  tree.change('/sys/fs/cgroup/memory/memory.stat', 'total_cache 1', 'total_cache 1\ntotal_active_file 24288000');
  const read = ramCollector(tree.surroundings(ownGroup)).read(0);
  t.like(read, { value: { usedBytes: 500 * mebi - 24_288_000 } });
});

test('memory.high is the limit where it is below memory.max, of a parent too', (t) => {
  using tree = new RecordedTree('unit-v2');
  const group = '/sys/fs/cgroup/web.slice/app.service';
  const limit = () => {
    const read = ramCollector(tree.surroundings(ownGroup)).read(0);
    return read.ok ? read.value.limitBytes / mebi : read.error;
  };
  tree.write(`${group}/memory.high`, 'max\n');
  t.is(limit(), 1200);
  tree.write(`${group}/memory.high`, `${900 * mebi}\n`);
  t.is(limit(), 900);
  tree.write('/sys/fs/cgroup/web.slice/memory.high', `${800 * mebi}\n`);
  t.is(limit(), 800);
});

test("a limit above the machine's memory is the machine's memory", (t) => {
  using tree = new RecordedTree('cgroup-active-file');
  tree.write('/sys/fs/cgroup/memory.max', '70368744177664\n');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { value: { limitBytes: 16_384_000 * 1024 } });
});

test('a group with its own limit needs no meminfo, and without one it says what is missing', (t) => {
  using tree = new RecordedTree('cgroup-active-file');
  tree.remove('/proc/meminfo');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { value: { limitBytes: 2 ** 30 } });
  tree.write('/sys/fs/cgroup/memory.max', 'max\n');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), {
    error: { reason: 'not-supported', detail: '/proc/meminfo is not there' },
  });
});

test("without a memory controller a group's memory is unknown, never the machine's", (t) => {
  t.like(measure('cgroup-no-memory-controller', ownGroup), {
    status: 'unavailable',
    reason: 'not-supported',
    detail: 'the group has no memory.current: the memory controller is off for it',
  });
  using tree = new RecordedTree('unit-v2');
  tree.remove('/sys/fs/cgroup/web.slice/app.service/memory.current');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { error: { reason: 'not-supported' } });
});

test('the root group has the memory of the machine', (t) => {
  using tree = new RecordedTree('cgroup-no-memory-controller');
  tree.remove('/sys/fs/cgroup/cgroup.type');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { value: { usedBytes: 6_800_000 * 1024 } });
});

test('the root group of version 1 has the memory of the machine too, not the part that it counts', (t) => {
  using tree = new RecordedTree('container-v1');
  tree.write('/sys/fs/cgroup/memory/cgroup.sane_behavior', '0\n');
  const host = ramCollector(tree.surroundings({ kind: 'host' })).read(0);
  const root = ramCollector(tree.surroundings(ownGroup)).read(0);
  t.true(host.ok && root.ok && root.value.usedBytes === host.value.usedBytes);
});

for (const [what, text, reason] of [
  ['empty', '', 'failed'],
  ['cut before the page cache', 'anon 188743680\nfile 870318080\n', 'failed'],
  ['binary', '\0\u{fffd}\u{1}', 'failed'],
] as const) {
  test(`a memory.stat that is ${what} makes the group's memory unknown`, (t) => {
    using tree = new RecordedTree('cgroup-active-file');
    tree.write('/sys/fs/cgroup/memory.stat', text);
    t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { ok: false, error: { reason } });
  });
}

test('a group that is removed is gone, not empty', (t) => {
  using tree = new RecordedTree('unit-v2');
  const collector = ramCollector(tree.surroundings(ownGroup));
  tree.remove('/sys/fs/cgroup/web.slice/app.service');
  const read = collector.read(0);
  t.false(read.ok);
  if (!read.ok) t.is(read.error.reason, 'target-gone');
});

for (const [what, text] of [
  ['empty', ''],
  ['binary', '\0\0\u{fffd}'],
] as const) {
  test(`of a group, a limit that is ${what} is a failure, not the machine's memory`, (t) => {
    using tree = new RecordedTree('container-v2');
    tree.write('/sys/fs/cgroup/memory.max', text);
    const read = ramCollector(tree.surroundings(ownGroup)).read(0);
    t.like(read, { ok: false, error: { reason: 'failed', detail: 'memory.max holds neither a number nor max' } });
  });
}

test('of a group, a memory.stat that was cut in a number is a failure', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/sys/fs/cgroup/memory.stat', 'anon 1\ninactive_file 10');
  t.like(ramCollector(tree.surroundings(ownGroup)).read(0), { ok: false, error: { reason: 'failed' } });
});

test('of a group, a memory.high of max is none, and one of 0 names the flag to give', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/sys/fs/cgroup/memory.high', 'max\n');
  const measured = () => {
    const collector = ramCollector(tree.surroundings(ownGroup));
    const read = collector.read(0);
    return read.ok ? collector.compute({ first: null, last: { atMs: 0, reading: read.value } }) : read.error;
  };
  t.like(measured(), { raw: { limitBytes: 512 * mebi } });
  tree.write('/sys/fs/cgroup/memory.high', '0\n');
  t.like(measured(), { reason: 'no-limit', detail: "the group's memory limit is 0: give --memory-limit, such as 2G" });
});
