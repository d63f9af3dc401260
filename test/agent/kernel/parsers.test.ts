import test from 'ava';
import fc from 'fast-check';

import { parseAuxv } from '../../../agent/kernel/auxv.ts';
import { locateCgroup } from '../../../agent/kernel/cgroup-location.ts';
import { countCpuList, parseCpuStat } from '../../../agent/kernel/cpu-stat.ts';
import { parseLastPid, parseProcessLimit, parseTotalThreads } from '../../../agent/kernel/limits.ts';
import { canonicalAddress, parseListeners } from '../../../agent/kernel/listeners.ts';
import { parseMeminfo } from '../../../agent/kernel/meminfo.ts';
import { parseLinkSpeed, parseNetDev } from '../../../agent/kernel/net-dev.ts';
import { field, parseCount, parseLimit } from '../../../agent/kernel/numbers.ts';
import { parsePidStat, treeTicksUsed } from '../../../agent/kernel/pid-stat.ts';
import { parseMemoryEvents, parsePressure } from '../../../agent/kernel/pressure.ts';
import { parseArcstats } from '../../../agent/kernel/zfs-arc.ts';

const pidStat = '700 (a (b) c) R 1 700 700 0 -1 0 0 0 0 0 100 50 30 20 20 0 5 0 5000 1000 42 18446744073709551615 1\n';

test('a command name with spaces and parentheses does not shift the fields', (t) => {
  t.deepEqual(parsePidStat(pidStat), {
    pid: 700,
    state: 'R',
    parentPid: 1,
    ownTicks: 150,
    reapedTicks: 50,
    threads: 5,
    startTicks: 5000,
    residentPages: 42,
  });
});

test('an old kernel leaves no space after the colon of /proc/net/dev', (t) => {
  const line = 'face |bytes\n  eth0:123 1 0 0 0 0 0 0 456 1 0 0 0 0 0 0\n';
  t.deepEqual([...parseNetDev(line)], [['eth0', { receivedBytes: 123, transmittedBytes: 456 }]]);
});

test('a speed of -1, 0, 10 or nothing is unknown', (t) => {
  for (const text of ['-1\n', '0\n', '10\n', '65535\n', '', null, '4294967295\n']) t.is(parseLinkSpeed(text), null);
  t.is(parseLinkSpeed('2500\n'), 2.5e9);
});

test('every way to write no limit is read as none', (t) => {
  for (const text of ['max\n', '-1\n', '9223372036854771712\n', '', null]) t.is(parseLimit(text), null);
  t.is(parseLimit('512\n'), 512);
  t.is(parseProcessLimit('Max processes             unlimited            96365                processes\n'), null);
  t.is(parseProcessLimit('Max processes             500                  96365                processes\n'), 500);
});

test('a gVisor sandbox tells neither threads nor the last pid, and 0 is not taken for either', (t) => {
  const text = '0.00 0.00 0.00 0/0 0\n';
  t.is(parseTotalThreads(text), null);
  t.is(parseLastPid(text), null);
});

test('CPU lists are counted', (t) => {
  for (const [text, count] of [
    ['0-3\n', 4],
    ['0,2-3,8\n', 4],
    ['5', 1],
    ['', null],
    ['3-1', null],
    ['all', null],
  ] as const) {
    t.is(countCpuList(text), count, text);
  }
});

test('a key is found only at the start of a line', (t) => {
  const text = 'total_inactive_file 7\ninactive_file 5\nMemTotal:  9 kB\n';
  t.is(field(text, 'inactive_file'), 5);
  t.is(field(text, 'MemTotal'), 9);
  t.is(field(text, 'file'), null);
});

test('constants of the machine come from the auxiliary vector, or are the usual ones where it is missing', (t) => {
  const pairs = new BigUint64Array([6n, 65_536n, 17n, 250n, 0n, 0n]);
  t.deepEqual(parseAuxv(new Uint8Array(pairs.buffer)), { pageBytes: 65_536, ticksPerSecond: 250 });
  t.deepEqual(parseAuxv(null), { pageBytes: 4096, ticksPerSecond: 100 });
  t.deepEqual(parseAuxv(new Uint8Array([1, 2, 3])), { pageBytes: 4096, ticksPerSecond: 100 });
});

test('only listening sockets of the port are found', (t) => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 55001 1',
    '   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 55002 1',
    '   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 55003 1',
  ].join('\n');
  t.deepEqual(parseListeners(text, 8080), [{ address: '127.0.0.1', inode: '55001', uid: 0 }]);
});

test('addresses of listening sockets are read as people write them', (t) => {
  for (const [local, address] of [
    ['00000000', '0.0.0.0'],
    ['0B00000A', '10.0.0.11'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000001000000', '::1'],
    ['0000000000000000FFFF00000100007F', '127.0.0.1'],
    ['B80D0120000000000000000001000000', '2001:db8::1'],
  ] as const) {
    const line = `   0: ${local}:1F90 0:0000 0A 0:0 00:0 0  1000        0 7 1`;
    t.deepEqual(parseListeners(`\n${line}`, 8080), [{ address, inode: '7', uid: 1000 }]);
    t.is(canonicalAddress(address), address);
  }
  t.is(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  t.is(canonicalAddress('localhost'), null);
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(
      fc.constantFrom('cpu', ' ', '\n', '0', '42', '-1', ':', '(', ')', 'eth0', 'max', '/', '99999999999999999999'),
    )
    .map((parts) => parts.join('')),
);

test('no text makes a parser throw or invent a number', (t) => {
  const sane = (value: unknown): boolean => {
    if (typeof value === 'number') return Number.isFinite(value) && value >= 0;
    if (value instanceof Map) return [...value.values()].every(sane);
    if (typeof value === 'object' && value !== null) return Object.values(value).every(sane);
    return true;
  };
  const parsers: readonly ((text: string) => unknown)[] = [
    (text) => parseCpuStat(text, 100),
    (text) => parsePidStat(text),
    (text) => parsePidStat(`1 (x) S ${text}`),
    parseMeminfo,
    parseArcstats,
    parsePressure,
    parseMemoryEvents,
    parseNetDev,
    parseLinkSpeed,
    parseLimit,
    parseCount,
    countCpuList,
    parseTotalThreads,
    parseLastPid,
    parseProcessLimit,
    (text) => field(text, 'MemTotal'),
    (text) => parseListeners(text, 80),
    (text) => locateCgroup(text, text, null),
    (text) => parseAuxv(Buffer.from(text)),
  ];
  fc.assert(
    fc.property(anyText, (text) => parsers.every((parse) => sane(parse(text)))),
    { seed: 1 },
  );
  t.pass();
});

test('CPU time of a tree never shrinks when processes end', (t) => {
  const stat = fc.record({
    pid: fc.integer({ min: 1, max: 6 }),
    startTicks: fc.integer({ min: 1, max: 3 }),
    ownTicks: fc.nat(1_000),
    reapedTicks: fc.nat(1_000),
  });
  const common = { state: 'S', parentPid: 1, threads: 1, residentPages: 1 };
  const tree = fc.array(stat).map((stats) => new Map(stats.map((each) => [each.pid, { ...common, ...each }])));
  fc.assert(
    fc.property(tree, tree, (before, now) => treeTicksUsed(before, now) >= 0),
    { seed: 1 },
  );
  t.pass();
});

test('CPU time of an ended child since the last look is counted once, through its parent', (t) => {
  const common = { state: 'S', parentPid: 1, threads: 1, residentPages: 1, startTicks: 9 };
  const parent = { ...common, pid: 1, ownTicks: 100, reapedTicks: 10 };
  const child = { ...common, pid: 2, ownTicks: 40, reapedTicks: 5 };
  const before = new Map([parent, child].map((each) => [each.pid, each]));
  // the parent used 3 more, the child 7 more before it ended: 40 + 7 + 5 were added to the parent's reaped time
  const now = new Map([[1, { ...parent, ownTicks: 103, reapedTicks: 62 }]]);
  t.is(treeTicksUsed(before, now), 10);
  // the child was not waited for: its last 7 are lost, and nothing is taken from the parent's 3
  t.is(treeTicksUsed(before, new Map([[1, { ...parent, ownTicks: 103 }]])), 3);
});
