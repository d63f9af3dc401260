import test, { type ExecutionContext } from 'ava';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { overload, writtenTo } from '../../support/stack.ts';
import { FaultRun, fewCoresTolerance, fullPart, sizes, smallCores } from './support/run.ts';

/** The weights of a server at every look since then, without repetitions. */
function weightsSince({ timeline }: FaultRun, server: string, sinceMs: number): readonly number[] {
  const weights = timeline.samples
    .filter(({ atMs }) => atMs >= sinceMs)
    .map(({ servers }) => servers.find((each) => each.server === server)?.weight ?? Number.NaN);
  return weights.filter((weight, index) => weight !== weights[index - 1]);
}

/** For two whole ticks HAProxy says this of s1, and its weight is what it was. */
async function stands(t: ExecutionContext, run: FaultRun, step: string, status: RegExp): Promise<void> {
  const { stack } = run;
  const [weight, sinceMs] = [await stack.weight('s1'), performance.now()];
  // a tick may be under way that saw the earlier state
  await stack.ticks(3);
  t.regex(await operatorSays(stack.haproxy, 'show stat web 4 -1'), status, step);
  t.deepEqual(weightsSince(run, 's1', sinceMs), [weight], step);
}

test.serial('what an operator does to a drained server is not undone, and the drain ends as it should', async (t) => {
  t.timeout(180_000);
  await using run = await FaultRun.start({ cores: smallCores });
  const { stack, timeline } = run;
  const says = async (line: string) => {
    t.is((await operatorSays(stack.haproxy, line)).trim(), '', line);
  };
  await stack.tell('s1', overload);
  await until('s1 drained', async () => (await stack.weight('s1')) === 0);

  await says('disable server web/s1');
  await stands(t, run, 'maintenance', /s1,.*,MAINT,/);
  t.is((await stack.shown('s1')).exclusion, 'maintenance');
  await says('enable server web/s1');
  await until('s1 in rotation', async () => (await stack.shown('s1')).exclusion === null);
  await until('drained again or still, as it has too much', async () => (await stack.shown('s1')).drained);

  await says('disable health web/s1');
  await stands(t, run, 'no health checks', /s1,.*,UP,|s1,.*,no check,/);
  t.true((await stack.shown('s1')).drained, 'health checks do not end a drain');
  await says('enable health web/s1');

  const changes = () => run.controller.events('weights changed').flatMap((event) => event.changes ?? []);
  const before = changes().length;
  const ofTheirs = () =>
    changes()
      .slice(before)
      .filter(({ server, from }) => server === 's1' && from === 50);
  await says('set weight web/s1 50');
  await until('0 again', async () => (await stack.weight('s1')) === 0);
  await until('its log', () => ofTheirs().length > 0);
  t.is(run.controller.events('weight changed by another writer').length, 1, 'at the tick that corrects it');
  t.deepEqual(
    ofTheirs().map(({ to }) => to),
    [0],
  );

  const aloneAtMs = performance.now();
  await says('set server web/s2 state drain;set server web/s3 state drain');
  await until('a server for the clients', async () => (await stack.weight('s1')) > 0);
  const servedAtMs = performance.now();
  const rescues = () => run.controller.events('the other servers cannot answer: drained servers are back').length;
  await until('told that it did not wait for a tick', () => rescues() === 1);
  await stack.ticks(3);
  t.true((await stack.weight('s1')) > 0, 'the only one that the operator left');
  await says('set server web/s2 state ready;set server web/s3 state ready');
  await until('the others carry it again', async () => (await stack.weight('s1')) === 0);

  await says('set server web/s1 state drain');
  await stack.tell('s1', { busy: 0 });
  await until('recovered meanwhile', async () => ((await stack.shown('s1')).utilisation.cpu ?? 1) < 0.3);
  await stands(t, run, "the operator's own drain", /s1,.*,DRAIN,/);
  const readyAtMs = performance.now();
  const written = writtenTo(run.controller, 's1').length;
  await says('set server web/s1 state ready');
  await until('a ramp', async () => (await stack.reason('s1', 'ramp')) !== null);
  await until('its full weight again', async () => (await stack.weight('s1')) >= fullPart * (run.right.get('s1') ?? 0));
  const path = weightsSince(run, 's1', readyAtMs);
  t.log(`back by ${path}; ${Math.round(servedAtMs - aloneAtMs)} ms without a server`);
  t.true(path.length >= 4 && (path[1] ?? 256) <= 0.5 * (run.right.get('s1') ?? 0), `it ramps up: ${path}`);
  t.true(writtenTo(run.controller, 's1').length > written);
  await run.isRightWithin(t, 2, new Map(Object.entries(sizes)), fewCoresTolerance);
  t.is(run.controller.events('weight changed by another writer').length, 1, 'nothing else was reported as one');
  // requests fail between the operator's command and the controller's next look, 0.2 s later
  const outages = timeline.outages.filter(({ atMs }) => atMs < aloneAtMs || atMs > servedAtMs + 100);
  t.deepEqual(outages, []);
  t.true(servedAtMs - aloneAtMs < 1_000, `${servedAtMs - aloneAtMs} ms without a server`);
  for (const [fromMs, toMs] of [
    [0, aloneAtMs - 100],
    [servedAtMs + 100, performance.now()],
  ] as const) {
    t.deepEqual([...(await run.load.seen(fromMs, toMs)).failed], []);
  }
});
