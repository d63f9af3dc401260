import { haproxyTimeout } from '../../../shared/contract/problems/haproxy-socket.ts';
import { err } from '../../../shared/contract/result.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { LiveLoop } from '../support/live-loop.ts';

/* Looks between ticks on a real HAProxy: what they write, and what they leave alone. */

const configured = { s1: 100, s2: 100, s3: 100 };
const ours = { s1: 256, s2: 256, s3: 256 };
const down = 'disable health web/s1;set server web/s1 health down';

function start() {
  const servers = [1, 2, 3].map((index) => ({ name: `s${index}`, address: `127.0.0.1:${index}`, weight: 100 }));
  return startHaproxy({ configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }) });
}

test('a server that is down has the weight that it comes back with; at the end the configured ones are back', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await live.operator(down);
  await live.looks(1);
  t.deepEqual(await live.weights(), { ...ours, s1: 128 });
  await live.ticks(3);
  await live.looks(20);
  t.deepEqual(await live.weights(), { ...ours, s1: 26 });
  await live.operator('set server web/s1 health up');
  await live.looks(6);
  t.deepEqual(await live.weights(), { ...ours, s1: 51 });
  await live.ticks(1);
  await live.looks(6);
  t.deepEqual(await live.weights(), ours);
  t.deepEqual(await live.leave(), configured);
});

test('what a look wrote is put back, at once after it and while the server is down', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await live.operator(down);
  await live.looks(1);
  t.deepEqual(await live.leave(), configured);
});

test("an operator's weight is left alone between ticks, and stays at the end", async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy);
  await live.ticks(2);
  await live.operator(`${down};set server web/s1 weight 77`);
  await live.looks(10);
  t.is((await live.weights())['s1'], 77);
  await live.ticks(2);
  await live.looks(10);
  t.is((await live.weights())['s1'], 77);
  t.deepEqual(await live.leave(), { ...configured, s1: 77 });
});

test('a look that fails changes nothing', async (t) => {
  await using haproxy = await start();
  let isSilent = false;
  const { api } = haproxy;
  const live = new LiveLoop(haproxy, {
    api: {
      info: () => api.info(),
      servers: (backend) => api.servers(backend),
      stats: async (backend) => (isSilent ? err(haproxyTimeout('/a.sock', 1_000)) : await api.stats(backend)),
      setWeights: (backend, changes) => api.setWeights(backend, changes),
      setLimits: (backend, changes) => api.setLimits(backend, changes),
    },
  });
  await live.ticks(2);
  await live.operator(down);
  isSilent = true;
  await live.looks(10);
  t.deepEqual(await live.weights(), ours);
  isSilent = false;
  await live.looks(1);
  t.is((await live.weights())['s1'], 128);
  t.deepEqual(
    live.lines.filter(({ level }) => level === 'error'),
    [],
  );
});

test('a dry run writes nothing between ticks', async (t) => {
  await using haproxy = await start();
  const live = new LiveLoop(haproxy, {}, 'equal', true);
  await live.ticks(2);
  await live.operator(down);
  await live.looks(5);
  t.deepEqual(await live.weights(), configured);
});

test('the next look is due after 20 times what this one took', async (t) => {
  await using haproxy = await start();
  let nowMs = 0;
  const { api } = haproxy;
  const live = new LiveLoop(haproxy, {
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    api: {
      info: () => api.info(),
      servers: (backend) => api.servers(backend),
      stats: async (backend) => {
        const rows = await api.stats(backend);
        nowMs += 300;
        return rows;
      },
      setWeights: (backend, changes) => api.setWeights(backend, changes),
      setLimits: (backend, changes) => api.setLimits(backend, changes),
    },
  });
  await live.ticks(2);
  t.is(await live.loop.look(), 6_000);
  t.is(live.loop.status.looks, null, 'as of the last tick');
  await live.ticks(1);
  t.deepEqual(live.loop.status.looks, { count: 1, costMs: 300, everyMs: 6_000 });
});
