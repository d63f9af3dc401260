import test from 'ava';
import { bandwidthCollector, computeBandwidth } from '../../../agent/collectors/bandwidth.ts';
import type { ConfiguredLimits } from '../../../agent/scope/target.ts';
import { RecordedTree, type TreeName } from '../support.ts';

function measure(name: TreeName, configured: Partial<ConfiguredLimits>, change: (tree: RecordedTree) => void) {
  using tree = new RecordedTree(name);
  const collector = bandwidthCollector(tree.surroundings({ kind: 'host' }, configured));
  const first = collector.read(0);
  change(tree);
  const last = collector.read(2_000);
  if (!first.ok) return first.error;
  if (!last.ok) return last.error;
  return computeBandwidth({ first: { atMs: 0, reading: first.value }, last: { atMs: 2_000, reading: last.value } });
}

/** In 2 s: 25 MB received and 2.5 MB sent by enp3s0, 50 MB by docker0, 100 MB by lo, 5 MB by eth0. */
function traffic(tree: RecordedTree): void {
  const dev = '/proc/self/net/dev';
  tree.change(dev, 'enp3s0:2000000 8490', 'enp3s0:27000000 8490');
  tree.change(dev, '4000000    6156', '6500000    6156');
  tree.change(dev, 'docker0: 7000000', 'docker0: 57000000');
  tree.change(dev, 'lo: 900000000', 'lo: 1000000000');
  tree.change(dev, 'eth0: 1000000', 'eth0: 6000000');
}

test('it is the busier direction of the busiest card; bridges and loopback do not count', (t) => {
  t.deepEqual(measure('host', {}, traffic), {
    status: 'ok',
    utilisation: 0.1,
    raw: {
      interface: 'enp3s0',
      receiveBitsPerSecond: 100e6,
      transmitBitsPerSecond: 10e6,
      linkBitsPerSecond: 1e9,
    },
  });
});

test('a configured speed counts for every card, virtual ones too', (t) => {
  const metric = measure('host', { linkBitsPerSecond: 20e6, interface: 'eth0' }, traffic);
  t.like(metric, { status: 'ok', utilisation: 1, raw: { interface: 'eth0', receiveBitsPerSecond: 20e6 } });
});

test('a virtual card without a configured speed is unknown, not 0', (t) => {
  t.like(measure('host', { interface: 'eth0' }, traffic), { status: 'unavailable', reason: 'no-limit' });
});

test("the speed that a container's virtual pair reports does not count", (t) => {
  t.like(
    measure('container-v2', {}, () => undefined),
    { status: 'unavailable', reason: 'no-limit' },
  );
});

test('loopback counts where it is configured', (t) => {
  const metric = measure('host', { interface: 'lo', linkBitsPerSecond: 4e9 }, traffic);
  t.like(metric, { status: 'ok', utilisation: 0.1, raw: { interface: 'lo' } });
});

test('counters that jump backwards make the window unknown', (t) => {
  const metric = measure('host', { interface: 'enp3s0' }, (tree) =>
    tree.change('/proc/self/net/dev', 'enp3s0:2000000 8490', 'enp3s0:5 8490'),
  );
  t.like(metric, { status: 'unavailable', reason: 'warming-up' });
});

test('a missing interface is reported', (t) => {
  t.like(
    measure('host', { interface: 'eth7' }, () => undefined),
    {
      reason: 'not-supported',
      detail: 'there is no network interface eth7',
    },
  );
});

interface Case {
  readonly speeds: Readonly<Record<string, string | null>>;
  readonly megabitsPerSecond: Readonly<Record<string, number>>;
  readonly configured?: Partial<ConfiguredLimits>;
  readonly more?: (tree: RecordedTree) => void;
}

/** What two seconds of traffic come to on cards that say these speeds. */
function measureCards({ speeds, megabitsPerSecond, configured, more }: Case) {
  using tree = new RecordedTree('host');
  tree.remove('/sys/class/net');
  for (const [name, speed] of Object.entries(speeds)) {
    tree.write(`/sys/class/net/${name}/device/vendor`, '0x1af4\n');
    if (speed !== null) tree.write(`/sys/class/net/${name}/speed`, `${speed}\n`);
  }
  more?.(tree);
  const count = (seconds: number) => {
    const lines = ['lo', 'eth0', 'eth1', 'bond0', 'docker0', 'tun0'].map((name) => {
      const bytes = 1e9 + ((megabitsPerSecond[name] ?? 0) * seconds * 1e6) / 8;
      return `${name}: ${bytes} 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n`;
    });
    tree.write('/proc/self/net/dev', lines.join(''));
  };
  const collector = bandwidthCollector(tree.surroundings({ kind: 'host' }, configured));
  count(0);
  const first = collector.read(0);
  count(2);
  const last = collector.read(2_000);
  if (!first.ok) return first.error;
  if (!last.ok) return last.error;
  return computeBandwidth({ first: { atMs: 0, reading: first.value }, last: { atMs: 2_000, reading: last.value } });
}

for (const speed of ['-1', '0', '10', '65535', null]) {
  test(`a busy card of unknown speed (${speed}) is not hidden by an idle one of 1 Gbit/s`, (t) => {
    const metric = measureCards({
      speeds: { eth0: speed, eth1: '1000' },
      megabitsPerSecond: { eth0: 300, eth1: 2 },
    });
    t.like(metric, { status: 'unavailable', reason: 'no-limit' });
    t.regex(metric.status === 'ok' ? '' : metric.detail, /^eth0 carries most .* --interface eth0 and --link-speed/);
  });
}

test('a quiet card of unknown speed beside a known one changes nothing', (t) => {
  for (const unknown of [0, 0.9, 250]) {
    const metric = measureCards({
      speeds: { eth0: '-1', eth1: '1000' },
      megabitsPerSecond: { eth0: unknown, eth1: 200 },
    });
    t.like(metric, { status: 'ok', utilisation: 0.2, raw: { interface: 'eth1' } }, `${unknown}`);
  }
});

test('noise on a card of unknown speed does not make an idle machine unknown', (t) => {
  const metric = measureCards({ speeds: { eth0: '-1', eth1: '1000' }, megabitsPerSecond: { eth0: 0.9, eth1: 0 } });
  t.like(metric, { status: 'ok', utilisation: 0 });
});

test('--interface and --link-speed make the busy card known', (t) => {
  const metric = measureCards({
    speeds: { eth0: '-1', eth1: '1000' },
    megabitsPerSecond: { eth0: 300, eth1: 2 },
    configured: { interface: 'eth0', linkBitsPerSecond: 1e9 },
  });
  t.like(metric, { status: 'ok', utilisation: 0.3, raw: { interface: 'eth0' } });
});

const route = (name: string) =>
  `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n${name}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`;

test('a virtual interface with the default route counts beside a card that it does not use', (t) => {
  const busy = { speeds: { eth1: '1000' }, megabitsPerSecond: { eth0: 300, eth1: 2 } };
  const withRoute = (tree: RecordedTree) => {
    tree.write('/sys/class/net/eth0/speed', '10000\n');
    tree.write('/proc/self/net/route', route('eth0'));
  };
  t.like(measureCards({ ...busy, more: withRoute }), { status: 'unavailable', reason: 'no-limit' });
});

test('a bond or a bridge over cards is its cards, and internal bridges do not count', (t) => {
  const metric = measureCards({
    speeds: { eth0: '1000', eth1: '1000' },
    megabitsPerSecond: { bond0: 500, eth0: 300, eth1: 200, docker0: 900 },
    more: (tree) => {
      tree.write('/sys/class/net/bond0/lower_eth0/speed', '1000\n');
      tree.write('/sys/class/net/docker0/speed', '10000\n');
      tree.write('/proc/self/net/route', route('bond0'));
    },
  });
  t.like(metric, { status: 'ok', utilisation: 0.3, raw: { interface: 'eth0' } });
});

test('a named bond has the speed that it sums up, a named tunnel has none of its own', (t) => {
  const named = (name: string) =>
    measureCards({
      speeds: { eth0: '1000', eth1: '1000' },
      megabitsPerSecond: { bond0: 500, tun0: 9 },
      configured: { interface: name },
      more: (tree) => {
        tree.write('/sys/class/net/bond0/lower_eth0/speed', '1000\n');
        tree.write('/sys/class/net/bond0/speed', '2000\n');
        tree.write('/sys/class/net/tun0/speed', '100\n');
      },
    });
  t.like(named('bond0'), { status: 'ok', utilisation: 0.25 });
  t.like(named('tun0'), { status: 'unavailable', reason: 'no-limit' });
});

test("a process in another network namespace does not get this one's cards", (t) => {
  using tree = new RecordedTree('host');
  tree.link('/proc/700/ns/net', 'net:[2]');
  tree.link('/proc/self/ns/net', 'net:[1]');
  const surroundings = tree.surroundings({ kind: 'pid', pid: 700 });
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  const read = bandwidthCollector(surroundings).read(0);
  if (!read.ok) return t.fail(read.error.detail);
  t.true(read.value.size > 0);
  for (const [name, { linkBitsPerSecond }] of read.value) t.is(linkBitsPerSecond, null, name);
});

for (const text of ['', '\0\u{fffd}', 'eth0: 1', 'Inter-|   Receive\n face |bytes\n']) {
  test(`a /proc/net/dev that is damaged (${JSON.stringify(text)}) has no interface`, (t) => {
    using tree = new RecordedTree('host');
    tree.write('/proc/self/net/dev', text);
    const read = bandwidthCollector(tree.surroundings({ kind: 'host' })).read(0);
    t.like(read, { ok: false, error: { reason: 'not-supported' } });
  });
}

for (const [what, megabits] of [
  ['backwards, as a driver with 32 bits does every 34 s at 1 Gbit/s', -1_000],
  ['forwards by more than a card can carry', 4e13],
] as const) {
  test(`counters of one card that jump ${what} leave the other card's low value unsaid`, (t) => {
    const metric = measureCards({
      speeds: { eth0: '1000', eth1: '1000' },
      megabitsPerSecond: { eth0: megabits, eth1: 2 },
    });
    t.like(metric, { reason: 'warming-up', detail: 'the counters of eth0 jumped within the window' });
  });
}

test('an unknown speed is said of the interfaces that carry something', (t) => {
  using tree = new RecordedTree('container-v2');
  const lines = ['lo: 5', 'tunl0: 0', 'sit0: 0', 'eth0: 70'].map((line) => `${line} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n`);
  tree.write('/proc/self/net/dev', lines.join(''));
  const read = bandwidthCollector(tree.surroundings({ kind: 'host' })).read(0);
  if (!read.ok) return t.fail();
  const at = { atMs: 0, reading: read.value };
  t.like(computeBandwidth({ first: at, last: at }), {
    detail: 'the speed of eth0 is unknown: give --link-speed, such as 1G',
  });
});
