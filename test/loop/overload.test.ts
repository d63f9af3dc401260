import test from 'ava';
import { Stack } from '../support/stack.ts';
import { until } from '../support/until.ts';

test.serial('an overloaded server goes to 0, gets nothing, and comes back by a ramp', async (t) => {
  await using stack = await Stack.start({ network: 1, servers: ['s1', 's2', 's3', 's4'] });
  await using load = stack.startLoad();
  await stack.startController();
  await stack.tell('s1', { busy: 0.3 });
  await until('s1 at weight 0', async () => (await stack.weight('s1')) === 0);
  const share = (await load.sharesOver(1_000)).get('s1');
  t.true((share ?? 1) < 0.02, `HAProxy still sent it ${share} of the requests`);
  const shown = (await stack.status()).backends[0]?.servers.find(({ server }) => server === 's1');
  t.true(shown?.drained);
  t.true(shown?.reasons.some(({ code }) => code === 'drained'));

  await stack.tell('s1', { busy: 0 });
  const path: number[] = [];
  await until('s1 back at its full weight', async () => {
    const weight = await stack.weight('s1');
    if (weight !== path.at(-1)) path.push(weight);
    return weight > 150;
  });
  const rise = path.filter((weight) => weight > 0);
  t.true((rise[0] ?? 256) <= 64, `it starts small: ${path}`);
  t.true(rise.length >= 4, `it rises in steps: ${path}`);
  t.deepEqual(load.seen.failed, new Map());
});

test.serial('all overloaded: every server keeps a weight and no client gets an error', async (t) => {
  const servers = ['s1', 's2', 's3', 's4'];
  await using stack = await Stack.start({ network: 2, servers });
  await using load = stack.startLoad(10);
  await stack.startController();
  for (const name of servers) await stack.tell(name, { busy: 0.25 });
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

test.serial('a server that fails fast loses its traffic though it is idle', async (t) => {
  await using stack = await Stack.start({ network: 3, servers: ['s1', 's2', 's3'] });
  await using load = stack.startLoad();
  await stack.startController();
  await stack.ticks(2);
  await stack.tell('s1', { failing: true });
  await until('s1 cut', async () => (await stack.weight('s1')) < 20);
  await stack.tell('s1', { failing: false });
  await until('s1 forgiven', async () => (await stack.weight('s1')) > 150, 40_000);
  t.true((load.seen.failed.get(503) ?? 0) > 0, 'it did fail');
});

test.serial('the literal paper zeroes an overloaded server at once, and every server when all are', async (t) => {
  await using stack = await Stack.start({ network: 4, servers: ['s1', 's2'] });
  await stack.startController('--policy', 'paper');
  await stack.tell('s1', { busy: 0.3 });
  await until('s1 at 0', async () => (await stack.weight('s1')) === 0 && (await stack.weight('s2')) > 0);
  await stack.tell('s2', { busy: 0.3 });
  await until('both at 0', async () => [...(await stack.weights()).values()].every((weight) => weight === 0));
  t.pass();
});
