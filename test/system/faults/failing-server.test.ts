import test, { type ExecutionContext } from 'ava';
import type { Faults } from '../../../testbed/rig/app/control.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { OpenLoad, type Seen } from './support/open-load.ts';
import { FaultRun } from './support/run.ts';

const perSecond = 60;
const ticks = 10;
/** Errors with a controller as a share of those without: from the first moment, and at the end. */
const atMost = { ever: 0.6, inTheEnd: 0.2 };

interface Compared {
  readonly run: FaultRun;
  /** What clients saw since then: of the backend that is controlled, and of the same servers in one that is not. */
  readonly seen: (fromMs: number) => Promise<{ readonly controlled: Seen; readonly left: Seen }>;
}

/** The same servers, twice, in one HAProxy under the same load: in a backend that is controlled and in one that is not. */
async function start(algorithm: string, lines: readonly string[]): Promise<Compared> {
  const secondPort = await freePort();
  const run = await FaultRun.start({
    ...{ algorithm, lines, perSecond, secondBackend: 'left', secondPort },
    // HAProxy's own checks do not find it
    serverOptions: 'check inter 1s fall 1000',
  });
  const other = new OpenLoad(secondPort, perSecond);
  run.stack.endsWith(other);
  const seen = async (fromMs: number) => {
    const toMs = performance.now();
    return { controlled: await run.load.seen(fromMs, toMs), left: await other.seen(fromMs, toMs) };
  };
  return { run, seen };
}

/** s3, which has most of the traffic, fails for ten ticks. */
async function isBetter(t: ExecutionContext, { run, seen }: Compared, faults: Partial<Faults>): Promise<void> {
  const { stack } = run;
  await stack.ticks(2);
  const beganMs = performance.now();
  await stack.tell('s3', faults);
  await stack.ticks(ticks - 4);
  const lateMs = performance.now();
  await stack.ticks(4);
  for (const [what, fromMs, most] of [
    ['from the first moment', beganMs, atMost.ever],
    ['in the end', lateMs, atMost.inTheEnd],
  ] as const) {
    const { controlled, left } = await seen(fromMs);
    const [ours, theirs] = [controlled.failures / controlled.requests, left.failures / left.requests];
    const shown = `${what} ${(100 * ours).toFixed(1)} % failed, without a controller ${(100 * theirs).toFixed(1)} %`;
    t.log(shown);
    t.true(theirs > 0.2, shown);
    t.true(ours < most * theirs, shown);
  }
  t.deepEqual(run.timeline.outages, []);
}

test.serial('roundrobin: a server that answers 503 at once loses its share, and gets it back', async (t) => {
  const compared = await start('roundrobin', ['retries 3', 'option redispatch']);
  await using run = compared.run;
  await isBetter(t, compared, { failing: 503 });
  await run.stack.tell('s3', { failing: 0 });
  const from = await run.tick();
  const right = run.right.get('s3') ?? Number.NaN;
  await until('its weight is back', async () => (await run.stack.weight('s3')) > 0.8 * right);
  t.log(`its weight is back after ${(await run.tick()) - from} ticks`);
});

test.serial(
  'roundrobin: with two of three agents silent, a server that answers 503 loses its share all the same',
  async (t) => {
    const compared = await start('roundrobin', ['retries 3', 'option redispatch']);
    await using run = compared.run;
    const { stack } = run;
    await Promise.all(['s1', 's2'].map((name) => stack.stopAgent(name)));
    await until('waiting for agents', async () => /waiting for agents/.test((await stack.status()).waitingFor ?? ''));
    const others = async () => [await stack.weight('s1'), await stack.weight('s2')];
    const before = await others();
    await isBetter(t, compared, { failing: 503 });
    t.deepEqual(await others(), before, 'nothing else is written');
    await stack.tell('s3', { failing: 0 });
    const right = run.right.get('s3') ?? Number.NaN;
    await until('its weight is back', async () => (await stack.weight('s3')) > 0.8 * right);
  },
);

test.serial('random(2): a server that resets every connection loses its share', async (t) => {
  const compared = await start('random(2)', ['retries 3', 'option redispatch']);
  await using _run = compared.run;
  await isBetter(t, compared, { resetting: 1 });
});

test.serial('leastconn: a server that refuses connections is ejected, although HAProxy counts no error', async (t) => {
  const compared = await start('leastconn', ['retries 3', 'option redispatch']);
  await using run = compared.run;
  const { stack } = run;
  const refusedBy = async (backend: string) => {
    const rows = await stack.haproxy.api.stats(backend);
    return rows.ok ? (rows.value.find(({ name }) => name === 's2')?.redispatches ?? 0) : 0;
  };
  // s3 is more than half of the pool, and never ejected
  await stack.killServer('s2');
  await until('ejected', () => stack.reason('s2', 'ejected'));
  const [ours, theirs] = [await refusedBy('web'), await refusedBy('left')];
  await stack.ticks(5);
  const more = { controlled: (await refusedBy('web')) - ours, left: (await refusedBy('left')) - theirs };
  t.log(`connections that s2 refused in the next five ticks: ${JSON.stringify(more)}`);
  t.true(more.left > 50, JSON.stringify(more));
  // one probe, which is ended by the look after the first refused connection: some requests come in that time
  t.true(more.controlled <= 0.1 * more.left, JSON.stringify(more));
  t.deepEqual(run.timeline.outages, []);
});
