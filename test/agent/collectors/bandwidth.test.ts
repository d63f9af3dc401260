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
