import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { fewCores, overload, Stack } from '../../support/stack.ts';
import { FaultySocket } from '../faults/support/faulty-socket.ts';

/** Every command that a controller sends to HAProxy. */
const allowed =
  /^(?:show info|show cli level|show stat (?:-1|web) 6 -1|show servers state web|set server web\/s[1-4] weight (?:0|[1-9]\d{0,2}))$/;

test.serial('only whole absolute weights are sent, and a configured weight of 1 is never cut to 0', async (t) => {
  const servers = ['s1', 's2', 's3', 's4'];
  const weights = Object.fromEntries(servers.map((name) => [name, 1]));
  await using stack = await Stack.start({ servers, weights, cores: fewCores });
  await using socket = new FaultySocket(join(stack.haproxy.folder, 'watched.sock'), stack.haproxy.socket);
  await socket.listen();
  await using load = stack.startLoad();
  const controller = await stack.startController('--socket', socket.path);
  await until('weights of their own', async () => (await stack.weight('s2')) > 1);
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);
  await stack.tell('s1', { busy: 0 });
  // a server that answers errors gets the smallest weight
  await stack.tell('s2', { failing: 503 });
  await until('s2 cut', async () => (await stack.weight('s2')) < 30);
  for (let tick = 0; tick < 3; tick += 1) {
    await stack.ticks(1);
    t.true((await stack.weight('s2')) >= 1, 'small, but not 0');
  }
  await load.answers(5);
  const { code } = await controller.stop();
  t.is(code, 0);
  t.deepEqual([...(await stack.weights()).values()], [1, 1, 1, 1], 'restored');

  const commands = socket.commands.flatMap((line) => line.split(';'));
  t.true(commands.filter((command) => command.startsWith('set server')).length >= 8);
  t.deepEqual(
    commands.filter((command) => !allowed.test(command)),
    [],
  );
  t.true(commands.every((command) => Number(/ weight (\d+)$/.exec(command)?.[1] ?? 0) <= 256));
});
