import test from 'ava';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { until } from '../../support/until.ts';

const configured = [100, 100, 100];
const options = { servers: ['s1', 's2', 's3'] };
const weightsOf = async (stack: Stack) => [...(await stack.weights()).values()];

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test.serial(`${signal} restores the configured weights, under traffic`, async (t) => {
    await using stack = await Stack.start(options);
    await using load = stack.startLoad();
    const controller = await stack.startController();
    await until('our weights', async () => (await stack.weight('s1')) > 200);
    t.is((await controller.stop(signal)).code, 0);
    t.deepEqual(await weightsOf(stack), configured);
    t.deepEqual(load.seen.failed, new Map());
  });
}

test.serial('--on-exit keep leaves our weights', async (t) => {
  await using stack = await Stack.start(options);
  const controller = await stack.startController('--on-exit', 'keep');
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  t.is((await controller.stop()).code, 0);
  t.notDeepEqual(await weightsOf(stack), configured);
});

test.serial('haweight restore puts right what a killed controller left behind', async (t) => {
  await using stack = await Stack.start(options);
  const controller = await stack.startController();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  await controller.stop('SIGKILL');
  const changed = (await weightsOf(stack)).filter((weight) => weight !== 100).length;
  t.true(changed > 0);
  const restored = await haweight(['restore', '--socket', stack.haproxy.socket, '--backend', 'web']);
  t.is(restored.code, 0, restored.stderr);
  t.is(restored.stdout, `web: ${changed} weights restored\n`);
  t.deepEqual(await weightsOf(stack), configured);
});

test.serial('a dry run decides and shows, and writes nothing', async (t) => {
  await using stack = await Stack.start(options);
  const controller = await stack.startController('--dry-run');
  await until('a decision', async () => ((await stack.status()).backends[0]?.servers[0]?.weight ?? 0) > 200);
  const status = await stack.ticks(3);
  t.is(status.weightsWritten, 0);
  t.deepEqual(await weightsOf(stack), configured);
  t.is((await controller.stop()).code, 0);
});
