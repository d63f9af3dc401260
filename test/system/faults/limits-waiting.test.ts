import test from 'ava';
import { LimitsRun, names } from './support/limits-run.ts';

const waitMs = 150;
/** How long after it began a common wait is over as a danger: limits are open, and what waited is answered. */
const overMs = 2_000;

test.serial('proven limits open when every request begins to wait for something else, and none fails', async (t) => {
  await using run = await LimitsRun.start();
  const load = run.load(120);
  await run.limited('proven');
  const beganMs = performance.now();
  await Promise.all(names.map((name) => run.stack.tell(name, { waitMs })));
  const opened = await run.opened();
  await run.refuted('not-working');
  await run.stack.ticks(3);
  const nowMs = performance.now();
  const [seen, after] = [await load.seen(beganMs, nowMs), await load.seen(beganMs + overMs, nowMs)];
  t.log(`open after ${opened.toFixed(0)} ms; p99 ${seen.p99Ms.toFixed(0)} ms, then ${after.p99Ms.toFixed(0)} ms`);
  t.deepEqual([...seen.failed], []);
  t.true(after.p50Ms < 2 * waitMs, `then p50 ${after.p50Ms} ms`);
});

test.serial('a timeout queue shorter than the reaction: requests fail once, and no limit comes back', async (t) => {
  await using run = await LimitsRun.start({ lines: ['timeout queue 100ms'] });
  const load = run.load(120);
  const tellAll = async (faults: { readonly waitMs: number }) => {
    await Promise.all(names.map((name) => run.stack.tell(name, faults)));
  };
  await run.limited('proven');
  const beganMs = performance.now();
  await tellAll({ waitMs });
  const opened = await run.opened();
  const openMs = performance.now();
  await run.refuted('gave-up');
  const first = await load.seen(beganMs, openMs);
  t.log(`open after ${opened.toFixed(0)} ms; ${first.failures} of ${first.requests} failed`);
  t.deepEqual([...first.failed.keys()], [503]);

  // far more quiet answers than another limit would have needed
  await tellAll({ waitMs: 0 });
  await run.stack.ticks(10);
  t.deepEqual(await run.limits(), [null, null, null]);
  await tellAll({ waitMs });
  await run.stack.ticks(2);
  t.deepEqual([...(await load.seen(openMs, performance.now())).failed], []);
});
