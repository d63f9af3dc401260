import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { overload } from '../../support/stack.ts';
import { configured, FaultRun, smallCores } from './support/run.ts';

const servers = ['s1', 's2', 's3'];

test.serial('without one agent its server is held; without all agents nothing is written', async (t) => {
  await using run = await FaultRun.start();
  const { stack } = run;
  const sinceMs = performance.now();

  await stack.stopAgent('s1');
  await until('s1 is silent', async () => (await stack.shown('s1')).agent.state === 'stale');
  await stack.ticks(3);
  t.is((await stack.status()).backends[0]?.problem, null, 'one of three: the others are controlled');
  run.stayedRight(t, sinceMs, 'one of three agents is gone');

  await Promise.all(['s2', 's3'].map((name) => stack.stopAgent(name)));
  const silent = async () => ((await stack.status()).backends[0]?.problem ?? '').includes('waiting for agents');
  await until('reported for the backend', silent);
  const { ticks, weightsWritten } = await stack.status();
  await stack.ticks(6);
  t.is((await stack.status()).weightsWritten, weightsWritten, 'nothing was written');
  t.true((await stack.status()).ticks >= ticks + 6);
  t.true(await silent());
  run.stayedRight(t, sinceMs, 'all agents are gone');
  t.deepEqual(
    run.controller.events('backend problem').map(({ code }) => code),
    ['agent-stale'],
    'reported once',
  );

  await Promise.all(servers.map((name) => stack.startAgent(name)));
  await run.isRightWithin(t);
  await until('over', () => run.controller.events('agent problem: over').length === servers.length);
  t.is(run.controller.events('agent problem').length, servers.length, 'one event for each agent');
  t.is(run.controller.events('backend problem: over').length, 1);

  t.is((await run.controller.stop()).code, 0);
  await Promise.all(servers.map((name) => stack.stopAgent(name)));
  await run.restartController();
  const started = await stack.ticks(3);
  t.regex(started.waitingFor ?? '', /waiting for agents/);
  t.is(started.weightsWritten, 0, 'a controller without agents writes nothing');
  t.deepEqual(Object.fromEntries(await stack.weights()), configured);
  await run.nothingFailed(t);
});

test.serial('with all agents gone a drained server serves once every other server is gone', async (t) => {
  await using run = await FaultRun.start({ cores: smallCores });
  const { stack } = run;
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.shown('s1')).drained && (await stack.weight('s1')) === 0);
  await Promise.all(servers.map((name) => stack.stopAgent(name)));
  await until(
    'reported',
    async () => (await stack.status()).backends[0]?.problem?.includes('waiting for agents') ?? false,
  );
  t.is(await stack.weight('s1'), 0, 'nothing is written, so that the 0 stays');

  const killedMs = performance.now();
  await Promise.all(['s2', 's3'].map((name) => stack.killServer(name)));
  await until('s1 has a weight', async () => (await stack.weight('s1')) > 0);
  const rescuedMs = performance.now();
  t.true((await stack.shown('s1')).haproxyStatus.startsWith('UP'));
  await until('the others DOWN', async () => {
    const rows = await stack.haproxy.api.stats('web');
    return rows.ok && rows.value.filter(({ status }) => status === 'DOWN').length === 2;
  });
  const downMs = performance.now();
  await stack.ticks(3);
  const { outages } = run.timeline;
  const outageMs = (outages.at(-1)?.atMs ?? 0) - (outages[0]?.atMs ?? 0);
  t.true(outageMs < 1_000, `${outageMs} ms from the moment when HAProxy called the others DOWN`);
  const before = await run.load.seen(killedMs, rescuedMs);
  // HAProxy may redispatch a request to the other dead server while it takes that for alive
  const between = await run.load.seen(rescuedMs, downMs);
  t.log(
    `${before.failures} of ${before.requests} failed until s1 was back, ${between.failures} of ${between.requests} from then until HAProxy had found the others DOWN; ${outageMs} ms without a usable weight`,
  );
  t.true(before.failures + between.failures < (before.requests + between.requests) / 2);
  const after = await run.load.seen(downMs, performance.now());
  t.true(after.requests > 0);
  t.deepEqual([...after.failed], [], 'no request after that');
});
