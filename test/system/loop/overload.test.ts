import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { fewCores, overload, Stack, writtenTo } from '../../support/stack.ts';

test.serial('an overloaded server goes to 0, gets no requests, and ramps up afterwards', async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3', 's4'] });
  await using load = stack.startLoad();
  const controller = await stack.startController('--log-level', 'debug');
  await stack.tell('s1', overload);
  await until('s1 at weight 0', async () => (await stack.weight('s1')) === 0);
  const before = await stack.requestsTo('s1');
  await load.answers(200);
  const more = (await stack.requestsTo('s1')) - before;
  t.true(more <= 2, `HAProxy still sent it ${more} requests`);
  const shown = (await stack.status()).backends[0]?.servers.find(({ server }) => server === 's1');
  t.true(shown?.drained);
  t.true(shown?.reasons.some(({ code }) => code === 'drained'));

  await stack.tell('s1', { busy: 0 });
  const ramp = new Set<number>();
  await until('s1 back at its full weight', async () => {
    const [backend] = (await stack.status()).backends;
    const reasons = backend?.servers.find(({ server }) => server === 's1')?.reasons ?? [];
    const now = reasons.flatMap((reason) => (reason.code === 'ramp' ? reason.factor : []));
    for (const factor of now) ramp.add(factor);
    return now.length === 0 && (await stack.weight('s1')) > 150;
  });
  t.true(ramp.size >= 1 && Math.min(...ramp) <= 0.5, `a half at most at first: ${[...ramp]}`);
  await until('its log', () => (writtenTo(controller, 's1').at(-1) ?? 0) > 150);
  const path = writtenTo(controller, 's1');
  const rise = path.slice(path.lastIndexOf(0) + 1);
  t.true((rise[0] ?? 256) <= 0.55 * (await stack.weight('s1')), `it starts small: ${path}`);
  t.deepEqual(load.seen.failed, new Map());
});

test.serial('with all servers overloaded each keeps a weight, and no client gets an error', async (t) => {
  const servers = ['s1', 's2', 's3', 's4'];
  await using stack = await Stack.start({ cores: fewCores, servers });
  await using load = stack.startLoad();
  await stack.startController();
  for (const name of servers) await stack.tell(name, overload);
  await until('all over threshold', async () => {
    const [backend] = (await stack.status()).backends;
    return backend?.servers.every(({ utilisation }) => (utilisation.cpu ?? 0) > 0.8) ?? false;
  });
  for (let tick = 0; tick < 6; tick += 1) {
    await stack.ticks(1);
    const weights = [...(await stack.weights()).values()];
    t.true(
      weights.some((weight) => weight > 0),
      String(weights),
    );
  }
  t.deepEqual(load.seen.failed, new Map());
  t.true(load.seen.served.size === 4);
});

test.serial('a server that fails fast loses its traffic, although it is idle', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'] });
  await using load = stack.startLoad();
  await stack.startController();
  await stack.ticks(2);
  await stack.tell('s1', { failing: 503 });
  await until('s1 cut', async () => (await stack.weight('s1')) < 20);
  await stack.tell('s1', { failing: 0 });
  await until('s1 forgiven', async () => (await stack.weight('s1')) > 150);
  t.true((load.seen.failed.get(503) ?? 0) > 0, 'it did fail');
});

test.serial('the literal paper sets an overloaded server to 0 at once, and all servers if all are', async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2'] });
  await stack.startController('--policy', 'paper');
  await stack.tell('s1', overload);
  await until('s1 at 0', async () => (await stack.weight('s1')) === 0 && (await stack.weight('s2')) > 0);
  await stack.tell('s2', overload);
  await until('both at 0', async () => [...(await stack.weights()).values()].every((weight) => weight === 0));
  t.pass();
});
