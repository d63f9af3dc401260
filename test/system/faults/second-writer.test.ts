import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { maxWaitTicks } from '../../../controller/act/contest.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { isWrite } from './support/faulty-socket.ts';
import { FaultRun, shares } from './support/run.ts';

/* Another writer changes the controller's weights: an operator once, or a program again and again. */

/** Sets this weight again and again until it is told to stop, as another controller would. */
function secondWriters(run: FaultRun, servers: readonly string[], weight: number, everyMs: number): AsyncDisposable {
  const line = servers.map((server) => `set server web/${server} weight ${weight}`).join('; ');
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) {
      await operatorSays(run.stack.haproxy, line);
      await delay(everyMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

/** The controller's writes to a server so far, on the wire. */
function writesTo(run: FaultRun, server: string): number {
  const lines = run.faulty.commands.filter(isWrite);
  return lines.filter((line) => line.includes(`set server web/${server} weight `)).length;
}

/** Ticks from now until every share is about what it was. */
async function ticksUntilRight(run: FaultRun): Promise<number> {
  const from = await run.tick();
  await until('the right weights', async () => {
    const now = shares(await run.stack.weights());
    return [...shares(run.right)].every(([server, right]) => {
      return Math.abs((now.get(server) ?? 0) - right) <= 0.15 * right;
    });
  });
  return (await run.tick()) - from;
}

test.serial(
  'weights of a second writer are corrected once, then left to it for a while unless all are 0',
  async (t) => {
    await using run = await FaultRun.start({ faultySocket: true });
    const says = (line: string) => operatorSays(run.stack.haproxy, line);
    const named = () => run.controller.events('backend problem').map(({ code }) => code);

    t.log('an operator, once');
    await says('set server web/s1 weight 10');
    await run.isRightWithin(t);
    t.deepEqual(
      run.controller.events('weight changed by another writer').map(({ server }) => server),
      ['s1'],
    );
    t.deepEqual(named(), [], 'one write is not a contest');

    t.log('a program, every 200 ms for 8 s');
    const writesBefore = writesTo(run, 's1');
    const tickBefore = await run.tick();
    {
      await using _other = secondWriters(run, ['s1'], 10, 200);
      await until('named', () => named().length === 1);
      t.deepEqual(named(), ['weight-contested']);
      const { waitingFor } = await run.stack.status();
      t.regex(waitingFor ?? '', /web\/s1.*another writer changes this weight/);

      // the others are managed meanwhile
      await says('set server web/s2 weight 30');
      await until('s2 is corrected', async () => (await run.stack.weight('s2')) !== 30);
      await until('8 s', async () => (await run.tick()) >= tickBefore + 8);
    }
    const writes = writesTo(run, 's1') - writesBefore;
    const during = (await run.tick()) - tickBefore;
    t.true(during >= 8);
    const left = run.timeline.since(tickBefore).flatMap(({ backends }) => backends[0]?.servers ?? []);
    const contestedTicks = left.filter(({ reasons }) => reasons.some(({ code }) => code === 'contested'));
    t.true(contestedTicks.length >= 3, `left to it at ${contestedTicks.length} ticks`);
    t.true(contestedTicks.every(({ server, written }) => server === 's1' && !written));
    t.true(writes >= 1 && writes <= 4, `${writes} writes in ${during} ticks`);

    const back = await ticksUntilRight(run);
    t.true(back <= maxWaitTicks + 1, `${back} ticks`);
    t.log(`${writes} writes of the controller in ${during} ticks; right ${back} ticks after it stopped`);
    t.deepEqual(named(), ['weight-contested'], 'reported once');
    await run.nothingFailed(t);

    t.log('a program that writes 0 to all of them, for 11 ticks');
    const zeroMs = performance.now();
    const tickAtZero = await run.tick();
    {
      await using _others = secondWriters(run, ['s1', 's2', 's3'], 0, 200);
      await until('11 ticks', async () => (await run.tick()) >= tickAtZero + 11);
    }
    // by now all three would be left to it for several ticks, but not while all are 0
    const stoppedAt = await run.tick();
    await until('a usable weight', async () => [...(await run.stack.weights()).values()].some((weight) => weight > 0));
    t.true((await run.tick()) - stoppedAt <= 2, 'the tick that is under way, and one');
    const recoveredMs = performance.now();
    const backFromZero = await ticksUntilRight(run);
    t.true(backFromZero <= maxWaitTicks + 1, `${backFromZero} ticks`);
    await until('over', () => run.controller.events('backend problem: over').length === named().length);

    // clients saw only the outage that the other writer caused, while it lasted
    for (const { atMs } of run.timeline.outages) t.true(atMs >= zeroMs && atMs <= recoveredMs);
    const after = await run.load.seen(recoveredMs, performance.now());
    t.deepEqual([...after.failed], []);
    t.true(after.requests > 0);
  },
);
