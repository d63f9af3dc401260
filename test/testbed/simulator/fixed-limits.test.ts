import test from 'ava';
import { setFixedLimits } from '../../../testbed/simulator/fixed-limits.ts';
import { experiment, run, serversOf } from './build.ts';
import { oneHaproxy } from './one-haproxy.ts';

test('limits by cores are that many for each core, and at least 1', (t) => {
  const { haproxy } = oneHaproxy({ servers: 3 });
  const fleet = [0.1, 1, 4].flatMap((cores) => experiment({ fleet: serversOf(1, { cores }) }).fleet);
  setFixedLimits(haproxy, { perCore: 3 }, fleet, 0);
  t.deepEqual(
    haproxy.lines.map(({ limit, leastLimit }) => [limit, leastLimit]),
    [
      [1, 1],
      [3, 3],
      [12, 12],
    ],
  );
});

test("bounds are this part over the weights' shares of fullconn, never minconn itself, and leave weight 0 alone", (t) => {
  const { haproxy } = oneHaproxy({ servers: 4, minconn: 2, maxconn: 10_000, fullconn: 10_000 });
  haproxy.setWeight('s2', 255);
  haproxy.setWeight('s3', 0);
  haproxy.setWeight('s1', 1);
  haproxy.setWeight('s4', 0);
  setFixedLimits(haproxy, { bound: 0.28 }, [], 0);
  t.deepEqual(
    haproxy.lines.map(({ limit }) => limit),
    [50, 12_750, 10_000, 10_000],
  );
  haproxy.setWeight('s1', 256);
  haproxy.setWeight('s2', 1);
  setFixedLimits(haproxy, { bound: -0.999 }, [], 0);
  t.deepEqual(haproxy.lines.map(({ limit, leastLimit }) => [limit, leastLimit]).slice(0, 2), [
    [10, 2],
    [3, 2],
  ]);
});

test('bounded load makes roundrobin nearly as good as leastconn, with equal weights and with the true capacities', async (t) => {
  const fleet = [1, 2, 2, 4, 4].map((cores, index) => ({ name: `s${index}`, cores }));
  const bounded = { minconn: 2, maxconn: 10_000, fullconn: 10_000 };
  const shared = { fleet, load: 0.7, seconds: 60, warmupSeconds: 10 };
  for (const weights of ['equal', 'capacity'] as const) {
    const limits = { bound: 0.1 };
    const plain = await run({ ...shared, contender: { kind: 'static', weights } });
    const bound = await run({ ...shared, ...bounded, contender: { kind: 'static', weights, limits } });
    const leastconn = await run({ ...shared, balance: 'leastconn', contender: { kind: 'static', weights } });
    const [p, b, l] = [plain, bound, leastconn].map(({ charged }) => charged?.meanMs ?? Number.NaN);
    t.true((b ?? 0) < 1.15 * (l ?? 0) && (b ?? 0) < 0.9 * (p ?? 0), `${p}, bounded ${b}, leastconn ${l}`);
  }
});

test("the oracle's bounds follow the true capacities", async (t) => {
  const fleet = serversOf(4, { cores: 2 });
  const events = [{ kind: 'hidden-slow', server: 's1', fromSeconds: 10, factor: 0.25 } as const];
  const shared = { fleet, load: 0.7, seconds: 60, scenario: { events }, minconn: 2, maxconn: 10_000, fullconn: 10_000 };
  const mean = async (kind: 'oracle' | 'static') => {
    const limits = { bound: 0.1 };
    const contender = kind === 'oracle' ? { kind, limits } : { kind, weights: 'capacity' as const, limits };
    const { servers } = await run({ ...shared, contender });
    return servers[0]?.meanInFlight ?? Number.NaN;
  };
  const [told, untold] = [await mean('oracle'), await mean('static')];
  t.true(told < 0.7 * untold, `${told}, ${untold}`);
});
