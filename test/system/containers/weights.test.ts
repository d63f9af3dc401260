import { getContainerRuntimeClient } from 'testcontainers';
import { until } from '../../../testbed/rig/wait.ts';
import { Load } from '../../support/load.ts';
import { engineTest } from './support/engine.ts';
import { Pool } from './support/pool.ts';

const names = ['s1', 's2', 's3'];
const size = { cores: 0.2, memoryMebibytes: 256 };
/** Of its CPU quota: over the threshold, and requests can still be answered. */
const stress = 0.85;
const everyMs = 80;
const path = '/work?cpuMs=1';

engineTest("a stressed server's weight falls in HAProxy and comes back when the stress ends", async (t) => {
  await using pool = await Pool.start(names, size);
  await using load = new Load(pool.balancer.port, everyMs, path);
  const share = async () => shareOf('s1', await pool.balancer.weights());
  const before = await share();

  await pool.server('s1').stress(stress);
  await until('the weight falls', async () => (await share()) < before / 2);
  const servedBefore = load.seen.served.get('s1') ?? 0;
  await load.answers(60);
  const servedMeanwhile = (load.seen.served.get('s1') ?? 0) - servedBefore;
  t.true(servedMeanwhile < 60 / 3, `${servedMeanwhile} of 60 requests went to the stressed server`);

  await pool.server('s1').stress(0);
  await pool.settled();
  await load.answers(30);
  t.deepEqual([...load.seen.failed], []);
});

engineTest('when a container is killed the others take the traffic, and its weight returns with it', async (t) => {
  await using pool = await Pool.start(names, size);
  const { balancer } = pool;
  await using load = new Load(balancer.port, everyMs, path);
  await load.answers(30);
  const killed = pool.server('s1').container;
  const { container } = await getContainerRuntimeClient();
  const startedAt = (await container.getById(balancer.controller.getId()).inspect()).State.StartedAt;
  const statusOf = async (server: string) => (await balancer.rows()).get(server)?.status ?? '';

  await container.getById(killed.getId()).kill();
  await until('HAProxy notices', async () => (await statusOf('s1')).startsWith('DOWN'));
  const [failedBefore, servedBefore] = [total(load.seen.failed), load.seen.served.get('s1')];
  const { ticks } = await balancer.status();
  await load.answers(50);
  t.is(total(load.seen.failed), failedBefore, 'requests failed after HAProxy had noticed');
  t.is(load.seen.served.get('s1'), servedBefore);
  await until('the controller goes on', async () => (await balancer.status()).ticks >= ticks + 3);
  const { backends, haproxy } = await balancer.status();
  t.is(haproxy.problem, null);
  t.is(backends[0]?.problem, null);
  for (const { server, drained, haproxyStatus } of backends[0]?.servers ?? []) {
    t.false(drained, server);
    t.regex(haproxyStatus, server === 's1' ? /^(DOWN|MAINT)/ : /^UP$/, server);
  }
  const [second, third] = [await balancer.weight('s2'), await balancer.weight('s3')];
  t.true(Math.abs(second - third) < 0.25 * Math.max(second, third), `${second} and ${third}`);

  await killed.restart();
  await pool.settled();
  const now = load.seen.served.get('s1') ?? 0;
  await until('it serves again', () => (load.seen.served.get('s1') ?? 0) > now + 5);
  t.is((await container.getById(balancer.controller.getId()).inspect()).State.StartedAt, startedAt, 'the controller');
});

engineTest('with all servers over-utilised the weights never sum to 0, and requests are served', async (t) => {
  await using pool = await Pool.start(names, size);
  const { balancer } = pool;
  await using load = new Load(balancer.port, everyMs, path);
  await Promise.all(pool.servers.map((server) => server.stress(stress)));
  await until('all are over the threshold', async () => {
    const { backends } = await balancer.status();
    return backends[0]?.servers.every(({ utilisation }) => (utilisation.cpu ?? 0) > 0.8) ?? false;
  });
  const { ticks } = await balancer.status();
  const servedBefore = new Map(load.seen.served);
  const sums: number[] = [];
  await until('five ticks later', async () => {
    sums.push(total(new Map(Object.entries(await balancer.weights()))));
    return (await balancer.status()).ticks >= ticks + 5;
  });
  t.true(Math.min(...sums) > 0, `sums of the weights: ${sums.join(', ')}`);
  for (const name of names) {
    t.true((load.seen.served.get(name) ?? 0) > (servedBefore.get(name) ?? 0), `${name} served nothing`);
  }
  await load.answers(30);
  t.deepEqual([...load.seen.failed], []);
});

function shareOf(server: string, weights: Readonly<Record<string, number>>): number {
  return (weights[server] ?? Number.NaN) / total(new Map(Object.entries(weights)));
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0);
}
