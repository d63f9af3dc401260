import type { RequestListener } from 'node:http';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { haweight } from '../../support/process.ts';
import { snapshot } from '../../support/snapshot.ts';
import { Stack } from '../../support/stack.ts';

test.serial('an agent that serves one sample again and again, as if it were new, becomes stale', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'] });
  const controller = await stack.startController();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  await stack.stopAgent('s1');
  let changes = {};
  const takenAtMs = Date.now();
  const freeze: RequestListener = (_, response) => {
    // as a cache between them would, or an agent whose sampling hangs
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(snapshot({ server: 's1', takenAtMs, ageMs: 50, effectiveCores: 1, ...changes })));
  };
  await using _frozen = await httpServer(freeze, stack.addressOf('s1'), 9477);
  const stale = await until('stale', async () => {
    const shown = await stack.shown('s1');
    return shown.agent.state === 'stale' && shown.agent.code === 'agent-stale' ? shown : null;
  });
  t.regex(stale.agent.detail ?? '', /same sample again and again and calls it 50 ms old/);
  await stack.ticks(3);
  const held = await stack.shown('s1');
  t.true((held.agent.ageMs ?? 0) > 3_000);
  t.is(held.utilisation.cpu, null, 'the last value is not shown as a reading');
  t.true(held.reasons.some((reason) => reason.code === 'held' && reason.because === 'stale'));
  t.false(held.drained);
  const logged = controller
    .events('agent problem')
    .filter(({ server, code }) => server === 's1' && code === 'agent-stale');
  t.is(logged.length, 1, 'logged once');
  const weights = await haweight(['weights', '--controller', stack.statusUrl]);
  t.regex(weights.stdout, /s1.*same sample again and again/);

  // its clock steps back by an hour, and it samples again
  changes = { takenAtMs: takenAtMs - 3_600_000 };
  await until('fresh again', async () => (await stack.shown('s1')).agent.state === 'fresh');
});
