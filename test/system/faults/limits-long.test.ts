import { once } from 'node:events';
import test from 'ava';
import { ask, statusesOverHttp2, statusOf } from './support/clients.ts';
import { LimitsRun } from './support/limits-run.ts';

/* Requests that are in flight for long, without any work, hold the slots of proven limits. */

/** More than the limits of all servers together. */
const many = 20;
const poll = '/work?waitMs=6000&cpuMs=0';

test.serial('long polls over HTTP/2, then over HTTP/1.1: limits open, none fails', async (t) => {
  await using run = await LimitsRun.start();
  const { port } = run.stack;
  const load = run.load(120);
  const fromMs = performance.now();
  await run.limited('proven');
  const overHttp2 = statusesOverHttp2({ port, path: poll }, many);
  t.log(`HTTP/2: open after ${(await run.opened()).toFixed(0)} ms`);
  t.deepEqual(new Set(await overHttp2), new Set([200]));
  const polls = Array.from({ length: many }, () => statusOf({ port, path: poll }));
  await run.stack.ticks(2);
  t.deepEqual(new Set(await Promise.all(polls)), new Set([200]));
  const { failed, p99Ms } = await load.seen(fromMs, performance.now());
  t.deepEqual([...failed], []);
  t.log(`p99 ${p99Ms.toFixed(0)} ms`);
});

test.serial('downloads that are read slowly hold slots: limits open, none fails', async (t) => {
  await using run = await LimitsRun.start();
  const { port } = run.stack;
  const load = run.load(120);
  const fromMs = performance.now();
  await run.limited('proven');
  // an answer that is not read fills all buffers on its way
  const downloads = Array.from({ length: many }, () => ask({ port, path: '/download' }));
  t.log(`open after ${(await run.opened()).toFixed(0)} ms`);
  for (const download of downloads) {
    const response = await download;
    response.resume();
    await once(response, 'end');
    t.true(response.complete);
  }
  t.deepEqual([...(await load.seen(fromMs, performance.now())).failed], []);
});
