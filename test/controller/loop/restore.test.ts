import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Ledger } from '../../../controller/act/ledger.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { ok } from '../../../shared/contract/result.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { field } from '../../haproxy/recorded.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { LiveLoop } from '../support/live-loop.ts';

/* At exit only what this controller wrote is put back, and only where it is still in force. */

const configured = { s1: 100, s2: 100, s3: 100, s4: 0 };
const ours = { s1: 256, s2: 256, s3: 256, s4: 0 };

function start(masterWorker = false) {
  const servers = [1, 2, 3, 4].map((index) => {
    return { name: `s${index}`, address: `127.0.0.1:${index}`, weight: index === 4 ? 0 : 100 };
  });
  return startHaproxy({ configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }), masterWorker });
}

test('what it wrote is put back, at servers in maintenance and drain too', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  t.deepEqual(await live.weights(), ours);
  await live.operator('set server web/s2 state maint;set server web/s3 state drain');
  await live.ticks(1);
  t.deepEqual(await live.leave(), configured);
});

test("an operator's weight stays: set while all agents are silent", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  live.ramOfOthers = null;
  await live.ticks(2);
  await live.operator('set server web/s1 weight 50');
  await live.ticks(2);
  t.deepEqual(await live.leave(), { ...configured, s1: 50 });
  const [line] = live.lines.filter(({ message }) => message === 'weights of another writer stay');
  t.deepEqual(line?.servers, ['s1']);
});

test("an operator's weight stays: set before the start, at servers in maintenance and drain, 0 too", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.operator('set server web/s2 state maint;set server web/s2 weight 17');
  await live.operator('set server web/s3 state drain;set server web/s3 weight 0');
  await live.ticks(3);
  t.is((await live.weights())['s1'], 256);
  t.deepEqual(await live.leave(), { ...configured, s2: 17, s3: 0 });
});

test("an operator's weight stays: set in maintenance and drain at servers that had ours", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await live.operator('set server web/s2 state maint;set server web/s2 weight 17');
  await live.operator('set server web/s3 state drain;set server web/s3 weight 0');
  await live.ticks(2);
  t.deepEqual(await live.leave(), { ...configured, s2: 17, s3: 0 });
});

test("an operator's weight stays: set at the last moment, after the last tick", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await live.operator('set server web/s1 weight 50');
  t.deepEqual(await live.leave(), { ...configured, s1: 50 });
});

test("a contested server keeps the other writer's weight, also one that was ours before", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  for (const weight of [3, 3]) {
    await live.operator(`set server web/s1 weight ${weight}`);
    await live.ticks(1);
  }
  t.is((await live.weights())['s1'], 3, 'left to the other writer');
  await live.operator('set server web/s1 weight 256');
  await live.ticks(1);
  t.deepEqual(await live.leave(), { ...configured, s1: 256 });
});

test('a server that is drained by us and put into maintenance gets its weight back', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy, {}, 'inverse-load');
  await live.ticks(5);
  live.ram.set('s3', 0.97);
  for (let count = 0; count < 60 && (await live.weights())['s3'] !== 0; count += 1) await live.ticks(1);
  t.is((await live.weights())['s3'], 0);
  await live.operator('set server web/s3 state maint');
  await live.ticks(2);
  t.deepEqual(await live.leave(), configured);
});

test('weights that a killed controller left are put back where the next one decided the same', async (t) => {
  await using haproxy = await start();
  await new LiveLoop(haproxy).ticks(3);
  const next = new LiveLoop(haproxy);
  t.deepEqual(await next.weights(), ours);
  await next.ticks(3);
  t.is(next.loop.status.weightsWritten, 0, 'it has nothing to write');
  t.deepEqual(await next.leave(), configured);
});

test('what a killed controller left on record is put back though no agent ever answers', async (t) => {
  await using haproxy = await start();
  const before = new LiveLoop(haproxy);
  await before.ticks(3);
  await before.operator('set server web/s2 weight 50');
  const left = new Map(['s1', 's2', 's3'].map((server) => [server, { weights: [256], giveBack: 100 }]));
  const next = new LiveLoop(haproxy, { ledgerOf: () => new Ledger(left) });
  next.ramOfOthers = null;
  await next.ticks(2);
  t.deepEqual(await next.leave(), { ...configured, s2: 50 });
});

test('a server that the configuration keeps at 0 gets back what it was put into service with', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.operator('set server web/s4 weight 19');
  await live.ticks(3);
  t.not((await live.weights())['s4'], 19);
  t.deepEqual(await live.leave(), { ...configured, s4: 19 });
});

test('after a reload the weights are the configured ones, and a later one of an operator stays', async (t) => {
  await using haproxy = await start(true);
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await haproxy.reload();
  await live.operator('set server web/s1 weight 50');
  t.deepEqual(await live.leave(), { ...configured, s1: 50 });
});

test('a reload into several processes (2.4): said once, and nothing is written, also at exit', async (t) => {
  await using haproxy = await start();
  await using folder = await temporaryFolder();
  const several = createServer((client) => void client.once('data', () => client.end(field('nbproc.info.txt'))));
  await once(several.listen(join(folder.path, 'socket')), 'listening');
  const { api } = haproxy;
  const asked = new RuntimeApi({ socket: join(folder.path, 'socket') });
  let [isSplit, writes] = [false, 0];
  const live = new LiveLoop(haproxy, {
    api: {
      info: () => (isSplit ? asked.info() : api.info()),
      servers: (backend) => api.servers(backend),
      stats: (backend) => api.stats(backend),
      setLimits: (backend, changes) => api.setLimits(backend, changes),
      setWeights: async (backend, changes) => {
        writes += 1;
        return await api.setWeights(backend, changes);
      },
    },
  });
  await live.ticks(2);
  isSplit = true;
  // as in a process that has just started
  for (const server of ['s1', 's2', 's3']) await live.operator(`set server web/${server} weight 100`);
  const before = writes;
  await live.ticks(3);
  await live.loop.look();
  t.deepEqual(await live.leave(), configured);
  t.is(writes, before);
  t.is(live.lines.filter(({ code }) => code === 'haproxy-processes').length, 1);
  several.close();
});

test('the socket leads to another HAProxy for a while: the first one gets its configured weights back', async (t) => {
  await using first = await start();
  await using second = await start();
  let isAway = false;
  const now = () => (isAway ? second.api : first.api);
  const live = new LiveLoop(first, {
    api: {
      info: () => now().info(),
      servers: (backend) => now().servers(backend),
      stats: (backend) => now().stats(backend),
      setWeights: (backend, changes) => now().setWeights(backend, changes),
      setLimits: (backend, changes) => now().setLimits(backend, changes),
    },
  });
  await live.ticks(3);
  isAway = true;
  await live.ticks(1);
  await second.api.setWeights('web', [{ server: 's1', weight: 60 }]);
  await live.ticks(1);
  isAway = false;
  await live.ticks(3);
  t.deepEqual(await live.weights(), ours);
  t.deepEqual(await live.leave(), configured);
});

test('writes that HAProxy confirms and that have no effect: what is in force is put back all the same', async (t) => {
  await using haproxy = await start();
  const { api } = haproxy;
  let isLost = false;
  const live = new LiveLoop(haproxy, {
    api: {
      info: () => api.info(),
      servers: (backend) => api.servers(backend),
      stats: (backend) => api.stats(backend),
      setLimits: (backend, changes) => api.setLimits(backend, changes),
      setWeights: async (backend, changes) => (isLost ? ok(undefined) : await api.setWeights(backend, changes)),
    },
  });
  await live.ticks(2);
  await live.operator('set server web/s1 weight 200');
  isLost = true;
  await live.ticks(3);
  isLost = false;
  t.deepEqual(await live.leave(), { ...configured, s1: 200 });
});

test('a server that was readdressed has our weight still; one that was added again has its own', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  for (const line of [
    'set server web/s1 addr 127.0.0.9',
    'set server web/s2 state maint',
    'del server web/s2',
    'add server web/s2 127.0.0.1:2 weight 7',
  ]) {
    await operatorSays(haproxy, line);
  }
  await live.ticks(1);
  t.deepEqual(await live.leave(), { ...configured, s2: 7 });
});
