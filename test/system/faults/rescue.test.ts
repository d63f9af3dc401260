import test from 'ava';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { fewCores, overload, Stack } from '../../support/stack.ts';
import { OpenLoad } from './support/open-load.ts';
import { Timeline } from './support/timeline.ts';

const periodMs = 2_000;

test.serial('when all others go down, a drained server is back before the next tick', async (t) => {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3'] });
  await using load = new OpenLoad(stack.port, 100);
  const controller = await stack.startController('--period-ms', String(periodMs));
  await using timeline = new Timeline(stack.haproxy, () => stack.status());
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);

  const { ticks } = await stack.ticks(1);
  t.is(await stack.weight('s1'), 0);
  const downAtMs = performance.now();
  // at once and for good, as if both had died: their checks would bring them back
  const down = ['s2', 's3'].map((name) => `disable health web/${name};set server web/${name} health down`);
  await operatorSays(stack.haproxy, down.join(';'));
  await until('s1 has a weight', async () => (await stack.weight('s1')) > 0);
  const backAtMs = performance.now();
  t.is((await stack.status()).ticks, ticks, 'before the next tick');
  await until(
    'its log',
    () => controller.events('the other servers cannot answer: drained servers are back').length === 1,
  );

  await stack.ticks(2);
  t.true((await stack.weight('s1')) > 0, 'the ticks keep it');
  t.is(controller.events('weight changed by another writer').length, 0, 'that was the controller itself');
  const last = timeline.outages.at(-1)?.atMs ?? downAtMs;
  t.true(last - downAtMs < periodMs / 2, `${Math.round(last - downAtMs)} ms without a server`);
  const after = await load.seen(backAtMs, performance.now());
  t.deepEqual([...after.failed], []);
  t.true((after.served.get('s1') ?? 0) > 0);

  const up = ['s2', 's3'].map((name) => `set server web/${name} health up;enable health web/${name}`);
  await operatorSays(stack.haproxy, up.join(';'));
  await until('s1 drained again', async () => (await stack.weight('s1')) === 0);
  const during = await load.seen(downAtMs, backAtMs);
  t.log(
    `${Math.round(backAtMs - downAtMs)} ms until it was back; ${during.failures} of ${during.requests} requests failed meanwhile`,
  );
});

test.serial('when all others crash, a drained server serves before HAProxy notices', async (t) => {
  await using stack = await Stack.start({
    cores: fewCores,
    servers: ['s1', 's2', 's3'],
    lines: ['retries 3', 'option redispatch'],
  });
  await using load = new OpenLoad(stack.port, 50);
  const controller = await stack.startController();
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);

  // so that HAProxy never notices
  await operatorSays(stack.haproxy, ['s2', 's3'].map((name) => `disable health web/${name}`).join(';'));
  const crashedAtMs = performance.now();
  await Promise.all(['s2', 's3'].map((name) => stack.killServer(name)));
  await until(
    'its log',
    () => controller.events('the other servers cannot answer: drained servers are back').length > 0,
  );
  const backAtMs = performance.now();
  await until('s1 serves', async () => ((await load.seen(backAtMs, performance.now())).served.get('s1') ?? 0) > 0);
  // a tick may drain it again before HAProxy has counted the others' failures; then it is back as fast
  await until('the ticks keep it', async () => {
    const before = await stack.weight('s1');
    await stack.ticks(2);
    return before > 0 && (await stack.weight('s1')) > 0;
  });
  const rows = await stack.haproxy.api.stats('web');
  const others = rows.ok ? rows.value.filter(({ name }) => name === 's2' || name === 's3') : [];
  t.deepEqual(
    others.map(({ status }) => status),
    ['no check', 'no check'],
  );
  t.log(`${Math.round(backAtMs - crashedAtMs)} ms from the crash until s1 was back`);
});
