import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { Stack } from '../../support/stack.ts';

const configured = [100, 100, 100];
const options = { servers: ['s1', 's2', 's3'] };
const weightsOf = async (stack: Stack) => [...(await stack.weights()).values()];

test.serial('SIGTERM restores the configured weights, under traffic', async (t) => {
  await using stack = await Stack.start(options);
  await using load = stack.startLoad();
  const controller = await stack.startController();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  t.is((await controller.stop('SIGTERM')).code, 0);
  t.deepEqual(await weightsOf(stack), configured);
  t.deepEqual(load.seen.failed, new Map());
});

test.serial('--on-exit keep leaves the weights as they are', async (t) => {
  await using stack = await Stack.start(options);
  const controller = await stack.startController('--on-exit', 'keep');
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  t.is((await controller.stop()).code, 0);
  t.notDeepEqual(await weightsOf(stack), configured);
});

test.serial('a dry run decides and shows its decisions, and writes nothing', async (t) => {
  await using stack = await Stack.start(options);
  const controller = await stack.startController('--dry-run');
  await until('a decision', async () => ((await stack.status()).backends[0]?.servers[0]?.weight ?? 0) > 200);
  const status = await stack.ticks(3);
  t.is(status.weightsWritten, 0);
  t.deepEqual(await weightsOf(stack), configured);
  t.is((await controller.stop()).code, 0);
});
