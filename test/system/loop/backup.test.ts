import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';
import { fewCores, overload, Stack } from '../../support/stack.ts';

/** A sorry server: it has no agent and no size, and is a `backup` in HAProxy's configuration. */
const sorryServer = () => httpServer((_, response) => response.writeHead(200, { 'x-server': 'sorry' }).end('sorry'));

/** Named first, so that nothing depends on a backup being the last. */
function withBackup(port: number) {
  return { lines: [`server sorry 127.0.0.1:${port} weight 77 check inter 1s backup`], cores: fewCores };
}

function health(state: 'up' | 'down', ...names: readonly string[]): string {
  const check = state === 'down' ? 'disable' : 'enable';
  return names.map((name) => `${check} health web/${name};set server web/${name} health ${state}`).join(';');
}

test('a backup server has no share and no decision, and serves only while no other server is UP', async (t) => {
  await using sorry = await sorryServer();
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'], ...withBackup(sorry.port) });
  await using load = stack.startLoad();
  const controller = await stack.startController('--log-level', 'debug');
  await stack.tell('s1', { busy: fewCores / 2 });
  await until('our weights', async () => (await stack.weight('s1')) < 0.8 * (await stack.weight('s2')));

  t.is(load.seen.served.get('sorry'), undefined, 'unused while others are UP');
  const idle = await stack.shown('sorry');
  t.like(idle, { exclusion: 'backup', weight: 77, written: false, share: null, drained: false });
  const shares = await Promise.all(['s1', 's2', 's3'].map(async (name) => (await stack.shown(name)).share ?? 0));
  t.true(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9, `${shares}`);

  const before = await stack.weights();
  await operatorSays(stack.haproxy, health('down', 's1', 's2', 's3'));
  await until('the backup serves', () => (load.seen.served.get('sorry') ?? 0) > 20);
  await stack.ticks(3);
  t.deepEqual(await stack.weights(), before, 'no server is in rotation, and nothing is written');

  await operatorSays(stack.haproxy, health('up', 's1', 's2', 's3'));
  await until('the others serve', async () => (await stack.requestsTo('s2')) > 0 && (await stack.weight('s2')) > 200);
  const servedThen = load.seen.served.get('sorry');
  await stack.ticks(2);
  t.is(load.seen.served.get('sorry'), servedThen, 'the backup rests again');
  t.deepEqual([...load.seen.failed], [], 'every request was answered');
  t.is(await stack.weight('sorry'), 77);
  t.deepEqual(controller.events('weight changed by another writer'), []);
  t.deepEqual((await stack.status()).backends[0]?.problem, null);
});

test('a backup does not count: a drained server comes back when all others are gone, a sole one stays', async (t) => {
  await using sorry = await sorryServer();
  await using stack = await Stack.start({ servers: ['s1', 's2'], ...withBackup(sorry.port) });
  await using load = stack.startLoad();
  const controller = await stack.startController();
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);

  // HAProxy now has only a server of weight 0 and the backup, and takes the backup
  await operatorSays(stack.haproxy, health('down', 's2'));
  await until(
    'its log',
    () => controller.events('the other servers cannot answer: drained servers are back').length === 1,
  );
  await until('s1 has a weight', async () => (await stack.weight('s1')) > 0);
  const [apologies, served] = [load.seen.served.get('sorry') ?? 0, load.seen.served.get('s1') ?? 0];
  // over every threshold, but the only server beside the backup
  for (let tick = 0; tick < 5; tick += 1) {
    await stack.ticks(1);
    t.true((await stack.weight('s1')) > 0, `after ${tick + 1} ticks`);
  }
  t.true((load.seen.served.get('s1') ?? 0) > served);
  t.true((load.seen.served.get('sorry') ?? 0) <= apologies + 2, 'but for those that were under way');
  t.deepEqual([...load.seen.failed], []);
});

test('a backup without an agent causes no line in the log and no alert', async (t) => {
  await using sorry = await sorryServer();
  await using stack = await Stack.start({ servers: ['s1', 's2'], ...withBackup(sorry.port) });
  const controller = await stack.startController();
  await stack.stopAgent('s1');
  await until('the silent agent', () => controller.events('agent problem').some(({ server }) => server === 's1'));
  await stack.ticks(2);
  t.deepEqual(
    controller.events('agent problem').filter(({ server }) => server === 'sorry'),
    [],
  );
  // its last snapshot counts as fresh for 3 s
  const metrics = await until('a metric that alerts', async () => {
    const text = await (await fetch(`${stack.statusUrl}/metrics`)).text();
    return /haweight_agent_fresh\{[^}]*server="s1"[^}]*\} 0/.test(text) && text;
  });
  t.notRegex(metrics, /haweight_agent_fresh\{[^}]*server="sorry"/);
  t.notRegex(metrics, /haweight_agent_failures_total\{[^}]*server="sorry"/);
  t.regex(metrics, /haweight_server_weight\{[^}]*server="sorry"[^}]*\} 77/);
});
