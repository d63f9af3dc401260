import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { failedAtMost, five, startFive } from './support/five.ts';
import { shares } from './support/run.ts';

/*
 * A bad day of one server, or of all: haweight must never be the reason why it gets worse. The bounds are promises, and hold for the
 * default policy.
 */

for (const algorithm of ['roundrobin', 'leastconn']) {
  test.serial(`${algorithm}: of one server of five that answers 404 at once clients see at most 6 %`, async (t) => {
    await using run = await startFive({ algorithm });
    const sinceMs = performance.now();
    await run.stack.tell('s3', { failing: 404 });
    await run.stack.ticks(16);
    await failedAtMost(t, run, sinceMs, 0.06);
    await run.noOutage(t);
  });
}

test.serial('leastconn: after all answered 500 for a while nobody is out, and nothing fails', async (t) => {
  await using run = await startFive({ algorithm: 'leastconn' });
  const { stack } = run;
  await Promise.all(five.map((name) => stack.tell(name, { failing: 500 })));
  await stack.ticks(12);
  const during = await stack.weights();
  await Promise.all(five.map((name) => stack.tell(name, { failing: 0 })));
  const overMs = performance.now();
  t.deepEqual(
    [...during].filter(([, weight]) => weight === 0),
    [],
    'what all have in common ejects nobody',
  );
  await stack.ticks(2);
  const after = shares(await stack.weights());
  for (const [server, share] of after)
    t.true(share > 0.15 && share < 0.25, `${server} of ${JSON.stringify([...after])}`);
  await failedAtMost(t, run, overMs, 0);
  t.deepEqual(run.timeline.outages, []);
});

for (const algorithm of ['roundrobin', 'leastconn']) {
  test.serial(
    `${algorithm}: with three of five agents silent, of another server that fails clients see at most 4 %`,
    async (t) => {
      await using run = await startFive({ algorithm });
      const { stack } = run;
      for (const name of ['s1', 's2', 's4']) stack.signalAgent(name, 'SIGSTOP');
      await until('waiting for agents', async () => /waiting for agents/.test((await stack.status()).waitingFor ?? ''));
      const sinceMs = performance.now();
      await stack.tell('s3', { failing: 503 });
      await stack.ticks(16);
      await failedAtMost(t, run, sinceMs, 0.04);
      t.deepEqual(run.timeline.outages, []);
      for (const name of ['s1', 's2', 's4']) stack.signalAgent(name, 'SIGCONT');
    },
  );
}

/** So few that a tick of one second sees one error of a server of five, as three a second at the default period do. */
const trickle = 6;

for (const algorithm of ['roundrobin', 'leastconn']) {
  test.serial(
    `${algorithm}: with six requests a second, of one server that fails clients see at most 4 %`,
    async (t) => {
      await using run = await startFive({ algorithm, perSecond: trickle });
      const sinceMs = performance.now();
      await run.stack.tell('s3', { failing: 500 });
      await delay(55_000);
      await failedAtMost(t, run, sinceMs, 0.04);
      t.deepEqual(run.timeline.outages, []);
    },
  );
}
