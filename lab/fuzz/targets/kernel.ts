import fc from 'fast-check';
import { hostWindow } from '../../../agent/collectors/cpu-window.ts';
import { parseAuxv } from '../../../agent/kernel/auxv.ts';
import { locateCgroup, unseenCgroup } from '../../../agent/kernel/cgroup-location.ts';
import { countCpuList, parseCpuStat, parseCpus } from '../../../agent/kernel/cpu-stat.ts';
import { parseLastPid, parseProcessLimit, parseTotalThreads } from '../../../agent/kernel/limits.ts';
import { parseListeners } from '../../../agent/kernel/listeners.ts';
import { parseMeminfo } from '../../../agent/kernel/meminfo.ts';
import { parseDefaultRoutes, parseLinkSpeed, parseNetDev } from '../../../agent/kernel/net-dev.ts';
import { field, parseLimit } from '../../../agent/kernel/numbers.ts';
import { parsePidStat, treeTicksUsed } from '../../../agent/kernel/pid-stat.ts';
import { parseMemoryEvents, parsePressure } from '../../../agent/kernel/pressure.ts';
import { readBatch, SocketMessage } from '../../../agent/kernel/socket-messages.ts';
import { parseArcstats } from '../../../agent/kernel/zfs-arc.ts';
import { namesContainer } from '../../../agent/scope/container.ts';
import { fileOf } from '../corpus.ts';
import { casesFrom } from '../input/cases.ts';
import { chosen, splitInput, stateless, type Target } from '../target.ts';
import { demand } from '../violation.ts';

interface Reader {
  readonly name: string;
  readonly inputs: readonly [Buffer, ...Buffer[]];
  /** Returns the numbers that it read; null if it read none. */
  readonly read: (bytes: Buffer) => readonly number[] | null;
}

const recorded = (path: string) => fileOf(`test/recorded/${path}`);
const numbers = (...values: readonly (number | null | undefined)[]) => {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? null : known;
};

const recordedStat = recorded('host/proc/stat').toString('utf8');

const readers: readonly [Reader, ...Reader[]] = [
  {
    name: 'stat',
    inputs: [
      recorded('host/proc/stat'),
      recorded('container-v1/proc/stat'),
      ...['lxcfs-frozen-idle.0', 'lxcfs-two-cpu-lines.2', 'gvisor-zero.0', 'steal-backwards.2'].map((name) =>
        recorded(`stat/${name}`),
      ),
    ],
    read: (bytes) => {
      const text = bytes.toString('utf8');
      const [machine, two] = [parseCpuStat(text, 100), parseCpus(text, [[0, 1]], 100)];
      const window = hostWindow(
        { atMs: 0, reading: parseCpuStat(recordedStat, 100) },
        { atMs: 2_000, reading: machine },
      );
      return numbers(...[machine, two, window].flatMap((each) => Object.values(each ?? {})));
    },
  },
  {
    name: 'pid/stat',
    inputs: [recorded('host/proc/700/stat'), recorded('host/proc/1/stat')],
    read: (bytes) => {
      const stat = parsePidStat(bytes.toString('utf8'));
      if (stat === null) return null;
      const used = treeTicksUsed(new Map(), new Map([[stat.pid, stat]]));
      return [used, stat.pid, stat.parentPid, stat.threads, stat.startTicks, stat.residentPages];
    },
  },
  {
    name: 'net/dev',
    inputs: [recorded('host/proc/self/net/dev'), recorded('host/proc/700/net/dev')],
    read: (bytes) => {
      const interfaces = [...parseNetDev(bytes.toString('utf8')).values()];
      return numbers(...interfaces.flatMap((each) => [each.receivedBytes, each.transmittedBytes]));
    },
  },
  {
    name: 'cgroup and mountinfo',
    inputs: [
      Buffer.concat([recorded('host/proc/self/cgroup'), Buffer.from('\0'), recorded('host/proc/self/mountinfo')]),
      Buffer.concat([
        recorded('container-v1/proc/self/cgroup'),
        Buffer.from('\0'),
        recorded('container-v1/proc/self/mountinfo'),
      ]),
      Buffer.concat([
        recorded('cgroup-mount-root-above/proc/self/cgroup'),
        Buffer.from('\0'),
        recorded('cgroup-mount-root-above/proc/self/mountinfo'),
      ]),
    ],
    read: (bytes) => {
      const [group = '', mounts = ''] = bytes.toString('utf8').split('\0', 2);
      namesContainer(group);
      const located = locateCgroup(group, mounts, null);
      const wanted = locateCgroup(group, mounts, '/system.slice/app.service');
      const above = locateCgroup(group, mounts, null, (mountPoint) => `${mountPoint}/a.slice/b.scope`);
      for (const folders of Object.values(above?.folders ?? {})) {
        demand(!folders.some((folder) => folder.includes('/../')), 'a folder of a group leads out of its mount');
      }
      return numbers(located?.version, wanted?.version, above?.version, unseenCgroup(group, mounts)?.version);
    },
  },
  {
    name: 'limits and loadavg',
    inputs: [recorded('host/proc/700/limits'), recorded('host/proc/loadavg')],
    read: (bytes) => {
      const text = bytes.toString('utf8');
      return numbers(parseProcessLimit(text), parseTotalThreads(text), parseLastPid(text));
    },
  },
  {
    name: 'meminfo',
    inputs: [recorded('host/proc/meminfo'), recorded('container-v1/sys/fs/cgroup/memory/memory.stat')],
    read: (bytes) => {
      const text = bytes.toString('utf8');
      return numbers(...['MemTotal', 'MemAvailable', 'inactive_file'].map((key) => field(text, key)));
    },
  },
  {
    name: 'one number',
    inputs: [Buffer.from('1000\n'), Buffer.from('max\n'), Buffer.from('0-3,8\n'), Buffer.from('-1\n')],
    read: (bytes) => {
      const text = bytes.toString('utf8');
      return numbers(parseLimit(text), parseLinkSpeed(text), countCpuList(text));
    },
  },
  {
    name: 'auxv',
    inputs: [Buffer.from('060000000000000000100000000000001100000000000000640000000000000000', 'hex')],
    read: (bytes) => numbers(...Object.values(parseAuxv(bytes))),
  },
  {
    name: 'net/tcp',
    inputs: [recorded('host/proc/net/tcp'), recorded('host/proc/net/tcp6')],
    read: (bytes) => {
      const found = parseListeners(bytes.toString('utf8'), 8_080);
      return found.length === 0 ? null : [found.length];
    },
  },
  { name: 'socket dump', inputs: socketDumps(), read: readDump },
  {
    name: 'memory of the host',
    inputs: [recorded('zfs-arc/proc/meminfo'), recorded('hugepages-free/proc/meminfo')],
    read: (bytes) => {
      const memory = parseMeminfo(bytes.toString('utf8'));
      return memory === null
        ? null
        : numbers(memory.totalBytes, memory.availableBytes, memory.heldBytes, memory.freeHugeBytes, memory.hugePageKib);
    },
  },
  {
    name: 'arcstats',
    inputs: [recorded('zfs-arc/proc/spl/kstat/zfs/arcstats')],
    read: (bytes) => numbers(parseArcstats(bytes.toString('utf8'))),
  },
  {
    name: 'pressure and memory.events',
    inputs: [
      recorded('host/proc/pressure/memory'),
      recorded('container-v2/sys/fs/cgroup/cpu.pressure'),
      recorded('container-v2/sys/fs/cgroup/memory.events'),
    ],
    read: (bytes) => {
      const text = bytes.toString('utf8');
      const stalled = parsePressure(text);
      demand((stalled?.some ?? 0) <= 1 && (stalled?.full ?? 0) <= 1, 'more than all of the time was waited');
      return numbers(stalled?.some, stalled?.full, ...Object.values(parseMemoryEvents(text) ?? {}));
    },
  },
  {
    name: 'routes',
    inputs: [
      Buffer.from(
        'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
          'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
      ),
    ],
    read: (bytes) => {
      const { size } = parseDefaultRoutes(bytes.toString('utf8'));
      return size === 0 ? null : [size];
    },
  },
];

function socketDumps(): readonly [Buffer, ...Buffer[]] {
  const lines = recorded('socket-dump.hex').toString('utf8').trim().split('\n');
  const [first = Buffer.alloc(0), ...rest] = lines.map((line) => Buffer.from(line, 'hex'));
  return [first, ...rest];
}

function readDump(bytes: Buffer): readonly number[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sequence = bytes.length >= 12 ? view.getUint32(8, true) : 1;
  const values: number[] = [];
  let visits = 0;
  const end = readBatch(view, sequence, new SocketMessage(), (socket) => {
    visits += 1;
    values.push(socket.state, socket.localPort, socket.inode, socket.receiveQueue, socket.sendQueue);
    values.push(socket.receiveBufferBytes, socket.sendBufferBytes);
    demand(socket.local.length < 60 && socket.peer.length < 60, 'an address of a socket is too long');
    demand((socket.localAddress ?? '').length < 60, 'an address of a socket is too long');
  });
  demand(visits * 88 <= bytes.length, () => `${visits} sockets in ${bytes.length} bytes`);
  return end === 'done' || end === 'more' ? values : null;
}

export const kernelTarget: Target = {
  cases: fc.oneof(
    ...readers.map(({ inputs }, which) =>
      casesFrom({ inputs, maxBytes: 128 * 1024 }).map((bytes) => Buffer.concat([Buffer.from([which]), bytes])),
    ),
  ),
  open: () => stateless(checkKernel),
};

/** First byte: the parser. The rest is what it reads. */
function checkKernel(input: Buffer): string {
  const [[which = 0], bytes] = splitInput(input, 1);
  const { name, read } = chosen(which, readers);
  // a copy: a view on a shared buffer would hide a read beyond its end
  const values = read(Buffer.from(new Uint8Array(bytes).buffer));
  for (const value of values ?? []) {
    demand(Number.isFinite(value) && value >= 0, () => `${name}: read the number ${value}`);
  }
  return `${name}: ${values === null ? 'unknown' : 'read'}`;
}
