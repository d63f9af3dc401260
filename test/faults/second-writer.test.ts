import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { operatorSays } from '../haproxy/setup.ts';
import { until } from '../support/until.ts';
import { isWrite } from './support/faulty-socket.ts';
import { FaultRun, shares } from './support/run.ts';

/* Somebody else writes the weights that are ours: an operator once, or a program again and again. */

/** Sets this weight again and again until it is told to stop, as another controller would. */
function secondWriter(run: FaultRun, server: string, weight: number, everyMs: number): AsyncDisposable {
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) {
      await operatorSays(run.stack.haproxy, `set server web/${server} weight ${weight}`);
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

/** Our writes to a server so far, on the wire. */
function writesTo(run: FaultRun, server: string): number {
  const lines = run.faulty.commands.filter(isWrite);
  return lines.filter((line) => line.includes(`set server web/${server} weight `)).length;
}

/** Ticks from now until HAProxy has about its right weight for a server. */
async function ticksUntilRight(run: FaultRun, server: string): Promise<number> {
  const from = await run.tick();
  const right = shares(run.right).get(server) ?? Number.NaN;
  await until(`${server} is right`, async () => {
    const share = shares(await run.stack.weights()).get(server) ?? Number.NaN;
    return Math.abs(share - right) <= 0.15 * right;
  });
  return (await run.tick()) - from;
}

test.serial(
  'a second writer: put right once, then named and left to it for a while, never at the price of an outage',
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
    t.deepEqual(named(), [], 'once is no contest');

    t.log('a program, every 200 ms for 8 s');
    const writesBefore = writesTo(run, 's1');
    const tickBefore = await run.tick();
    {
      await using _other = secondWriter(run, 's1', 10, 200);
      await until('named', () => named().length === 1);
      t.deepEqual(named(), ['weight-contested']);
      const { waitingFor } = await run.stack.status();
      t.regex(waitingFor ?? '', /web\/s1.*somebody else writes this weight/);

      // the others are managed meanwhile
      await says('set server web/s2 weight 30');
      await until('s2 is put right', async () => (await run.stack.weight('s2')) !== 30);
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

    t.log('all weights 0, while s1 is still left to the other');
    const zeroMs = performance.now();
    await says('set server web/s1 weight 0; set server web/s2 weight 0; set server web/s3 weight 0');
    const tickAtZero = await run.tick();
    await until('some weight', async () => [...(await run.stack.weights()).values()].some((weight) => weight > 0));
    t.true((await run.tick()) - tickAtZero <= 2, 'the tick that is under way, and one');
    const recoveredMs = performance.now();

    const back = await ticksUntilRight(run, 's1');
    t.true(back <= 17, `${back} ticks`);
    await run.isRightWithin(t);
    await until('over', () => run.controller.events('backend problem: over').length === 1);
    t.deepEqual(named(), ['weight-contested'], 'named once');
    t.log(`${writes} writes of ours in ${during} ticks; right ${back} ticks after it stopped`);

    // clients saw the outage that the other made, for as long as it lasted, and nothing else
    for (const { atMs } of run.timeline.outages) t.true(atMs >= zeroMs && atMs <= recoveredMs);
    const [before, after] = [await run.load.seen(0, zeroMs - 500), await run.load.seen(recoveredMs, performance.now())];
    t.deepEqual([...before.failed, ...after.failed], []);
  },
);
