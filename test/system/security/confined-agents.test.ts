import type { RequestListener } from 'node:http';
import test from 'ava';
import { parseSnapshot } from '../../../controller/observe/parse-snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { haweight } from '../../support/process.ts';
import { snapshot } from '../../support/snapshot.ts';
import { fewCores, overload, Stack, writtenTo } from '../../support/stack.ts';

test.serial('no agent can make the controller fetch another address, whatever it answers', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.startController();
  await stack.stopAgent('s1');
  const visits: string[] = [];
  await using elsewhere = await httpServer((request, response) => {
    visits.push(request.url ?? '');
    response.end(JSON.stringify(snapshot()));
  }, '127.0.0.1');
  const target = `http://127.0.0.1:${elsewhere.port}/v1/snapshot`;
  const ways: readonly RequestListener[] = [
    ...[300, 301, 302, 303, 305, 307, 308].map(
      (status): RequestListener =>
        (_, response) =>
          response.writeHead(status, { location: target }).end(),
    ),
    (_, response) => response.writeHead(302, { location: `//127.0.0.1:${elsewhere.port}/` }).end(),
    (_, response) =>
      response.writeHead(200, { refresh: `0; url=${target}`, link: `<${target}>; rel=preload` }).end('{}'),
    (_, response) => response.writeHead(200, { 'alt-svc': `h2="127.0.0.1:${elsewhere.port}"` }).end('{}'),
    (_, response) =>
      response.writeHead(200, { 'content-location': target }).end(`<meta http-equiv="refresh" content="0; ${target}">`),
    (_, response) => response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end(),
  ];
  const asked: number[] = ways.map(() => 0);
  let current = 0;
  await using _bad = await httpServer(
    (request, response) => {
      asked[current] = (asked[current] ?? 0) + 1;
      ways[current]?.(request, response);
    },
    stack.addressOf('s1'),
    9477,
  );
  for (current = 0; current < ways.length; current += 1) {
    await until(`way ${current} is asked`, () => (asked[current] ?? 0) > 0);
  }
  current = 0;
  await stack.ticks(1);
  await haweight(['doctor', '--controller', stack.statusUrl]);
  t.deepEqual(visits, []);
  t.is((await stack.shown('s2')).agent.state, 'fresh');
});

test.serial("an agent that claims to be another server changes neither server's weight", async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3'] });
  await stack.startController();
  await until('our weights', async () => (await stack.weight('s2')) > 200);
  await stack.stopAgent('s1');
  const full = {
    status: 'ok',
    utilisation: 1,
    raw: { busyCoreSeconds: 4, availableCoreSeconds: 4, stealCoreSeconds: 0 },
  };
  const honest = snapshot({ server: 's2' });
  const lie = JSON.stringify({ ...honest, metrics: { ...honest.metrics, cpu: full } });
  await using _liar = await httpServer((_, response) => response.end(lie), stack.addressOf('s1'), 9477);
  await until('it is seen', async () => (await stack.shown('s1')).agent.code === 'agent-wrong-server');
  await until('and stale', async () => (await stack.shown('s1')).agent.state === 'stale');
  await stack.ticks(4);
  const [s1, s2] = [await stack.shown('s1'), await stack.shown('s2')];
  t.true((await stack.weight('s2')) > 200, 'whom it named');
  t.is(s2.agent.state, 'fresh');
  t.true((s2.utilisation.cpu ?? 1) < 1);
  t.true(s1.reasons.some((reason) => reason.code === 'held' && reason.because === 'stale'));
});

test.serial('two agents that swap their names are both refused', async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3'] });
  const controller = await stack.startController('--log-level', 'debug');
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  for (const name of ['s1', 's2']) await stack.stopAgent(name);
  const loaded = (server: string) => JSON.stringify({ ...snapshot({ server }), effectiveCores: 64 });
  await using _one = await httpServer((_, response) => response.end(loaded('s2')), stack.addressOf('s1'), 9477);
  await using _two = await httpServer((_, response) => response.end(loaded('s1')), stack.addressOf('s2'), 9477);
  const both = async () => [await stack.shown('s1'), await stack.shown('s2')];
  await until('both are refused', async () =>
    (await both()).every(({ agent }) => agent.code === 'agent-wrong-server' && agent.state === 'stale'),
  );
  const written = ['s1', 's2'].map((name) => writtenTo(controller, name).length);
  await stack.tell('s3', overload);
  await stack.ticks(5);
  t.deepEqual(
    ['s1', 's2'].map((name) => writtenTo(controller, name).length),
    written,
    'more than half are silent: nothing is written',
  );
  t.true((await both()).every(({ effectiveCores }) => effectiveCores !== 64));
});

test('unknown keys of a snapshot are dropped, those of prototypes too', (t) => {
  const canary = 'canary-5f1d';
  const good = JSON.stringify(snapshot({ server: 'web1' }));
  const extra = `"__proto__":{"${canary}":1,"isAdmin":true},"constructor":{"prototype":{"${canary}":1}},"${canary}":1,`;
  const body = good
    .replace('{', `{${extra}`)
    .replace('"metrics":{', `"metrics":{${extra}`)
    .replaceAll('"raw":{', `"raw":{${extra}`)
    .replace('"scope":{', `"scope":{${extra}`);
  t.true(body.split(canary).length > 12);
  const answer = parseSnapshot({ status: 200, contentType: 'application/json', body }, 'http://a', 'web1');
  if (!answer.ok) return t.fail(answer.error.what);
  t.deepEqual(answer.value, snapshot({ server: 'web1' }));
  t.is(JSON.stringify(answer.value), good);
  t.false(canary in {});
  t.false('isAdmin' in answer.value);
  t.is(Object.getPrototypeOf(answer.value.metrics), Object.prototype);
});

test('a repeated key cannot pass a value that the first one hid', (t) => {
  const good = JSON.stringify(snapshot({ server: 'web1' }));
  const body = good.replace('"server":"web1"', '"server":"web1","server":"web2"');
  const answer = parseSnapshot({ status: 200, contentType: 'application/json', body }, 'http://a', 'web1');
  t.is(answer.ok ? 'fine' : answer.error.code, 'agent-wrong-server');
});
