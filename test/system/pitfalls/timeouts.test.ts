import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';
import { Stack } from '../../support/stack.ts';
import { FaultySocket } from '../faults/support/faulty-socket.ts';

const names = ['s1', 's2', 's3'];

test.serial('when HAProxy stalls in the middle of an answer, no server is forgotten', async (t) => {
  await using stack = await Stack.start({ servers: names });
  await using socket = new FaultySocket(join(stack.haproxy.folder, 'stalling.sock'), stack.haproxy.socket);
  await socket.listen();
  await stack.startController('--socket', socket.path);
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  const state = await stack.haproxy.api.servers('web');
  t.true(state.ok);
  const before = await stack.weights();
  // 500 bytes: enough for a header and the first server, not for all three
  for (const command of ['show servers state', 'show stat', 'show info']) {
    socket.behave({ kind: 'stall', bytes: 500 }, (line) => line.startsWith(command));
    const stalled = await until(`${command} stalls`, async () => {
      const status = await stack.status();
      return (status.haproxy.problem ?? status.backends[0]?.problem ?? '').includes('did not answer in time') && status;
    });
    t.deepEqual(
      stalled.backends[0]?.servers.map(({ server }) => server),
      names,
      'the known servers stay',
    );
    await stack.ticks(2);
    t.deepEqual([...(await stack.weights()).keys()], names);
    socket.behave({ kind: 'pass' });
    await until('recovered', async () => {
      const status = await stack.status();
      return status.haproxy.problem === null && status.backends[0]?.problem === null;
    });
  }
  await stack.ticks(2);
  for (const [name, weight] of await stack.weights()) {
    t.true(Math.abs(weight - (before.get(name) ?? 0)) < 0.3 * weight, `${name}: ${before.get(name)} to ${weight}`);
  }
});

test.serial('an agent that stalls in the middle of its answer is silent, not idle', async (t) => {
  await using stack = await Stack.start({ servers: names });
  await stack.startController();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  await stack.stopAgent('s1');
  const idle = JSON.stringify(snapshot({ server: 's1', takenAtMs: Date.now() }));
  const stall: RequestListener = (_, response) => {
    // all but the last brace
    response.writeHead(200, { 'content-type': 'application/json' }).write(idle.slice(0, -1));
  };
  await using _stalling = await httpServer(stall, stack.addressOf('s1'), 9477);
  await until('reported as a timeout', async () => (await stack.shown('s1')).agent.code === 'agent-timeout');
  await until('stale', async () => (await stack.shown('s1')).agent.state === 'stale');
  await stack.ticks(3);
  const shown = await stack.shown('s1');
  t.is(shown.utilisation?.cpu ?? null, null, 'the half answer is not used');
  t.true(shown.reasons.some((reason) => reason.code === 'held' && reason.because === 'stale'));
});
