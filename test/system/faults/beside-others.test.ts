import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';
import type { Load } from '../../support/load.ts';
import { Stack } from '../../support/stack.ts';

/** Answers every connection of HAProxy's agent-check with this word, such as `50%`. */
async function agentCheckResponder() {
  const responder = { word: '100%', port: 0, [Symbol.dispose]: () => server.close() };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${responder.word}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  responder.port = (server.address() as AddressInfo).port;
  return responder;
}

const otherServer = () => httpServer((_, response) => response.writeHead(200, { 'x-server': 'other' }).end('other'));

/** Its share of the next answers. */
async function shareOfNext(load: Load, server: string, answers: number): Promise<number> {
  const before = new Map(load.seen.served);
  await load.answers(answers);
  const after = [...load.seen.served].map(([name, many]) => [name, many - (before.get(name) ?? 0)] as const);
  const total = after.reduce((sum, [, many]) => sum + many, 0);
  return (after.find(([name]) => name === server)?.[1] ?? 0) / total;
}

async function sumOf(stack: Stack, ...servers: readonly string[]): Promise<number> {
  const weights = await stack.weights();
  return servers.reduce((sum, name) => sum + (weights.get(name) ?? Number.NaN), 0);
}

test('a server under agent-check keeps its share of the traffic while ours are balanced beside it', async (t) => {
  using responder = await agentCheckResponder();
  await using other = await otherServer();
  const line = `server other 127.0.0.1:${other.port} weight 100 check inter 1s agent-check agent-port ${responder.port} agent-inter 200ms`;
  await using stack = await Stack.start({ servers: ['s1', 's2'], lines: [line], cores: { s1: 1, s2: 3 } });
  await using load = stack.startLoad(10);
  await operatorSays(stack.haproxy, 'disable agent web/other');
  await stack.startController();
  await operatorSays(stack.haproxy, 'enable agent web/other');
  await until('agent-check', async () => (await stack.shown('other')).exclusion === 'agent-check');
  await until('our weights', async () => (await stack.weight('s1')) < 0.5 * (await stack.weight('s2')));
  t.is(await sumOf(stack, 's1', 's2'), 200);
  t.is(await stack.weight('other'), 100);
  t.true(Math.abs((await shareOfNext(load, 'other', 300)) - 1 / 3) < 0.04);
  const step = await stack.reason('s2', 'sum-kept');
  t.is(step?.sum, 200);
  t.true(Math.abs(((await stack.shown('other')).share ?? 0) - 1 / 3) < 0.01, 'and the status says so');

  // the other one asks for less: that is between it and HAProxy
  responder.word = '50%';
  await until('its new weight', async () => (await stack.weight('other')) === 50);
  await stack.ticks(2);
  t.is(await sumOf(stack, 's1', 's2'), 200);
  t.true(Math.abs((await shareOfNext(load, 'other', 300)) - 0.2) < 0.04);
  t.deepEqual([...load.seen.failed], []);
});

test('a slot that is configured with weight 0 and was given one at run time gets its part', async (t) => {
  await using other = await otherServer();
  const line = `server other 127.0.0.1:${other.port} weight 0 check inter 1s`;
  await using stack = await Stack.start({ servers: ['s1'], lines: [line] });
  await using load = stack.startLoad(10);
  await operatorSays(stack.haproxy, 'set server web/other weight 100');
  await stack.startController();
  await stack.ticks(4);
  t.true(Math.abs((await shareOfNext(load, 'other', 200)) - 0.5) < 0.04, JSON.stringify([...(await stack.weights())]));
  t.deepEqual([...load.seen.failed], []);
});

test('a weight that another writer holds is not outscaled', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'], cores: { s1: 1, s2: 4, s3: 2 } });
  await using load = stack.startLoad(10);
  await stack.startController();
  await until('our scale', async () => (await stack.weight('s2')) === 256);
  await until('left to the other writer', async () => {
    await operatorSays(stack.haproxy, 'set server web/s3 weight 50');
    await stack.ticks(1);
    return (await stack.reason('s3', 'contested')) !== null;
  });
  await operatorSays(stack.haproxy, 'set server web/s3 weight 50');
  t.is(await sumOf(stack, 's1', 's2'), 200);
  t.is((await stack.reason('s1', 'sum-kept'))?.sum, 200);
  t.deepEqual([...load.seen.failed], []);
});
