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
