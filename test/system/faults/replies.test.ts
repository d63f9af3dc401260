import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { type Behaviour, isWrite } from './support/faulty-socket.ts';
import { FaultRun } from './support/run.ts';

/* HAProxy answers late, or a part of what it has to say, to each of the commands of a tick. */

const reads = ['show info', 'show servers state', 'show stat'];
const parts: readonly Behaviour[] = [
  { kind: 'cut', bytes: 0 },
  { kind: 'cut', bytes: 30 },
  { kind: 'cut', bytes: -1 },
  { kind: 'stall', bytes: 30 },
];

test.serial('an answer cut at any place is reported, moves no weight and loses no server', async (t) => {
  await using run = await FaultRun.start({ faultySocket: true });
  const { faulty } = run;
  // every tick begins with `show info`: then the next cut answer has its turn
  const turns = reads.flatMap((command) => parts.map((behaviour) => ({ command, behaviour })));
  const spoilt: number[] = [];
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  faulty.beforeCommand = async (line) => {
    if (line !== 'show info') return;
    const turn = turns.shift();
    if (turn === undefined) run.faulty.beforeCommand = () => Promise.resolve();
    faulty.behave(turn?.behaviour ?? { kind: 'pass' }, (each) => each.startsWith(turn?.command ?? ''));
    fromMs = Math.min(fromMs, performance.now());
    if (turn !== undefined) spoilt.push((await run.stack.status()).ticks + 1);
    else toMs = Math.max(toMs, performance.now());
  };
  await until('all had their turn', () => turns.length === 0);
  await until('the last one is over', async () => (await run.stack.status()).waitingFor === null);

  t.is(spoilt.length, reads.length * parts.length);
  const ticks = run.timeline.ticks.filter((each) => spoilt.includes(each.ticks));
  t.true(ticks.length >= spoilt.length - 2, 'and those ticks were seen');
  for (const { ticks: tick, waitingFor, backends } of ticks) {
    t.not(waitingFor, null, `tick ${tick}`);
    t.deepEqual(
      backends[0]?.servers.map(({ server }) => server),
      ['s1', 's2', 's3'],
      `tick ${tick}: ${waitingFor}`,
    );
  }
  const events = [...run.controller.events('waiting for haproxy'), ...run.controller.events('backend problem')];
  t.deepEqual(
    new Set(events.map(({ code }) => code)),
    new Set(['haproxy-incomplete', 'haproxy-reply', 'haproxy-timeout']),
  );
  t.is(new Set(ticks.map(({ weightsWritten }) => weightsWritten)).size, 1, 'nothing was written');
  const samples = run.timeline.samples.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
  t.is(new Set(samples.map(({ servers }) => JSON.stringify(servers))).size, 1, 'no weight moved');

  await run.isRightWithin(t);
  for (const server of ['s1', 's2', 's3']) {
    t.is(await run.stack.reason(server, 'ramp'), null, `${server} is none that just came`);
  }

  t.log('whole answers, each of which takes 300 ms');
  const told = () =>
    run.controller.events('waiting for haproxy').length + run.controller.events('backend problem').length;
  const toldBefore = told();
  const { skippedTicks } = await run.stack.status();
  faulty.behave({ kind: 'slow', delayMs: 300 });
  faulty.mostClients = 0;
  await run.stack.haproxy.reload();
  await run.isRightWithin(t);
  t.is((await run.stack.status()).waitingFor, null);
  t.is(told(), toldBefore);
  t.is(faulty.mostClients, 1, 'a look asks nothing while a tick does');
  // the tick that wrote took four answers, so longer than the period of 1 s
  t.true((await run.stack.status()).skippedTicks > skippedTicks);
  t.deepEqual(run.controller.events('tick failed'), []);
  await run.nothingFailed(t);
});

test.serial('a lost write, or a lost answer to one, is read back and corrected at the next tick', async (t) => {
  await using run = await FaultRun.start({ faultySocket: true });
  const { faulty } = run;
  const told = () => run.controller.events('backend problem').map(({ code }) => code);
  // all configured weights differ from the controller's, so that each reload makes one write of three commands
  const text = await readFile(join(run.stack.haproxy.folder, 'haproxy.cfg'), 'utf8');
  const others = text.replaceAll(/ weight \d+/g, ' weight 100');

  for (const { step, behaviour, code } of [
    { step: 'no answer', behaviour: { kind: 'cut', bytes: 0 }, code: 'haproxy-incomplete' },
    {
      step: 'an answer to the first of the weights',
      behaviour: { kind: 'cut', bytes: 1 },
      code: 'haproxy-incomplete',
    },
    { step: 'an answer that never ends', behaviour: { kind: 'stall', bytes: 1 }, code: 'haproxy-timeout' },
  ] as const) {
    t.log(`HAProxy took the weights, but there is ${step}`);
    faulty.behave(behaviour, isWrite);
    const before = told().length;
    await run.stack.haproxy.reload(others);
    await until(`${step}: told`, () => told().length > before);
    // HAProxy has the weights, so the next tick finds nothing to repair; a later one may write because loads have changed
    faulty.behave({ kind: 'pass' });
    await run.isRightWithin(t);
    t.deepEqual(told().slice(before), [code], step);
    t.is((await run.stack.status()).waitingFor, null, step);
  }

  t.log('HAProxy never gets the weights');
  faulty.behave({ kind: 'lost' }, isWrite);
  const before = told().length;
  await run.stack.haproxy.reload(others);
  await until('told', () => told().length > before);
  await run.stack.ticks(3);
  t.deepEqual(told().slice(before), ['haproxy-incomplete'], 'once');
  t.is(run.controller.events('backend problem: over').length, before);
  faulty.behave({ kind: 'pass' });
  await run.isRightWithin(t);
  t.is(run.controller.events('backend problem: over').length, told().length);

  t.deepEqual(run.controller.events('weight changed by another writer'), []);
  t.false(run.controller.stderr.includes('weight-contested'));
  t.deepEqual(run.controller.events('tick failed'), []);
  await run.nothingFailed(t);
});
