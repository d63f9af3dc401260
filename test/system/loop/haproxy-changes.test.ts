import { join } from 'node:path';
import test from 'ava';
import { statusSchema } from '../../../shared/contract/status.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { freePort, someNetwork } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight } from '../../support/process.ts';
import { configurationOf, fewCores, overload, Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.serial("an operator's drain stays, its weight is left alone, and ready brings it back", async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'] });
  await stack.startController();
  await until('our weights', async () => (await stack.weight('s2')) !== 100);
  await operatorSays(stack.haproxy, 'set server web/s2 state drain');
  // the tick that is under way may have read the earlier state
  await stack.ticks(2);
  const before = await stack.weight('s2');
  const status = await stack.ticks(3);
  const shown = status.backends[0]?.servers.find(({ server }) => server === 's2');
  t.is(shown?.exclusion, 'drain');
  t.is(await stack.weight('s2'), before);
  t.regex(await operatorSays(stack.haproxy, 'show stat web 4 -1'), /s2,.*DRAIN/);
  await operatorSays(stack.haproxy, 'set server web/s2 state ready');
  await until('a ramp, before the next tick', async () => (await stack.weight('s2')) <= 0.6 * before);
  await until('its full weight again', async () => (await stack.weight('s2')) > 200);
});

test.serial("an operator's maintenance is left alone", async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.startController();
  await operatorSays(stack.haproxy, 'set server web/s1 state maint');
  await stack.ticks(3);
  t.regex(await operatorSays(stack.haproxy, 'show stat web 4 -1'), /s1,.*MAINT/);
});

test.serial("after a reload the next tick writes haweight's weights again", async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3'], masterWorker: true });
  await using load = stack.startLoad();
  const controller = await stack.startController();
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);
  await stack.haproxy.reload();
  // the tick that is under way may have begun before the reload
  await stack.ticks(2);
  t.is(await stack.weight('s1'), 0);
  await until('its log', () => controller.events('haproxy was reloaded or restarted').length === 1);
  // a connection may break: on a reload the old worker closes idle ones, which races with a client that uses one
  t.deepEqual(
    [...load.seen.failed.keys()].filter((status) => status !== 0),
    [],
  );
});

test.serial('HAProxy may start after the controller, end, and start again', async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'admin.sock');
  const port = await freePort();
  const configuration = renderConfiguration({
    ...configurationOf({ servers: ['s1', 's2'] }, someNetwork(), await freePort()),
    sockets: [{ bind: socket, level: 'admin' }],
  });
  await using controller = new Haweight([
    'controller',
    '-s',
    socket,
    '-b',
    'web',
    '--listen',
    `127.0.0.1:${port}`,
    '--period-ms',
    '1000',
  ]);
  const status = () =>
    fetch(`http://127.0.0.1:${port}/v1/status`).then(
      async (answer) => statusSchema.parse(await answer.json()),
      () => null,
    );
  const waiting = await until('waiting', async () => (await status())?.waitingFor ?? null);
  t.regex(waiting, /admin\.sock: no such socket/);
  for (let round = 0; round < 2; round += 1) {
    {
      await using _haproxy = await startHaproxy({ configuration });
      await until('HAProxy and its servers found', async () => {
        const seen = await status();
        return seen?.haproxy.problem === null && seen.backends[0]?.servers.length === 2;
      });
    }
    await until('waiting again', async () => (await status())?.haproxy.problem?.includes('nothing answers') ?? false);
  }
  const tick = async () => {
    const before = (await status())?.ticks ?? 0;
    await until('a tick', async () => ((await status())?.ticks ?? 0) > before);
  };
  await tick();
  const logged = controller.events('waiting for haproxy').length;
  t.true(logged >= 3, 'before the first, and after each');
  await tick();
  await tick();
  t.is(controller.events('waiting for haproxy').length, logged, 'logged when it changes, not every tick');
  t.is((await controller.stop()).code, 1, 'it says that it could not restore');
});
