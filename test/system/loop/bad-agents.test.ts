import type { RequestListener } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { haweight } from '../../support/process.ts';
import { fewCores, overload, Stack } from '../../support/stack.ts';

/** A problem while the loop runs is logged once with the server's name, counted and shown; the loop goes on. */
async function isReported(t: ExecutionContext, listener: RequestListener, code: string): Promise<void> {
  await using stack = await Stack.start({ cores: fewCores, servers: ['s1', 's2', 's3'] });
  await using load = stack.startLoad();
  const controller = await stack.startController();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  await stack.stopAgent('s1');
  await using _bad = await httpServer(listener, stack.addressOf('s1'), 9477);
  const s1 = async () => (await stack.status()).backends[0]?.servers.find(({ server }) => server === 's1');
  await until(code, async () => (await s1())?.agent.code === code);
  await until('stale', async () => (await s1())?.agent.state === 'stale');
  const failures = (await s1())?.agent.failures ?? 0;
  await stack.ticks(3);
  t.true(((await s1())?.agent.failures ?? 0) >= failures + 3, 'counted');

  const logged = controller.events('agent problem').filter(({ server }) => server === 's1');
  const codes = logged.map((event) => event.code);
  t.true(codes.includes(code));
  t.true(
    codes.every((each, index) => each !== codes[index - 1]),
    `logged when it changes, not every tick: ${codes}`,
  );
  const weights = await haweight(['weights', '--controller', stack.statusUrl]);
  t.regex(weights.stdout, /\n! s1: http:\/\/.* \(\d+ so far\)\n/);
  const doctor = await haweight(['doctor', '--controller', stack.statusUrl]);
  t.is(doctor.code, 1);
  t.regex(doctor.stdout, /fail {2}agent of s1: http:/);

  await stack.tell('s2', overload);
  await until('the loop goes on: s2 is cut', async () => (await stack.weight('s2')) < 100);
  // what was learned of s1 is held; its integer weight is relative to the largest, so that s2's fall raises it
  t.true((await s1())?.reasons.some((reason) => reason.code === 'held' && reason.because === 'stale'));
  t.false((await s1())?.drained);
  t.deepEqual(load.seen.failed, new Map());
}

test.serial('an agent that turns into a web page is reported', async (t) => {
  await isReported(t, (_, response) => response.end('<html>'), 'agent-not-json');
});

test.serial('an agent that wants another token is reported', async (t) => {
  await isReported(t, (_, response) => response.writeHead(401).end(), 'agent-unauthorised');
});
