import test from 'ava';
import { ask, Clients } from './support/clients.ts';
import { fullconn, LimitsRun, scaling } from './support/limits-run.ts';

/* Requests that are bound to one server wait there while the others have room. */

/** More than any server may have. */
const clients = 12;
/** It waits for most of its time, so that the test is cheap. */
const path = '/work?waitMs=100&cpuMs=1';

test.serial('a cookie, proven limits: they open, and no request fails', async (t) => {
  await using run = await LimitsRun.start({ lines: ['dynamic-cookie-key key', 'cookie srv insert dynamic'] });
  const { port } = run.stack;
  const load = run.load(120);
  await run.limited('proven');
  const fromMs = performance.now();
  const first = await ask({ port, path });
  first.resume();
  const [cookie = ''] = (first.headers['set-cookie'] ?? []).map((each) => each.split(';')[0] ?? '');
  await using bound = new Clients({ port, path, headers: { cookie } }, clients);
  t.log(`open after ${(await run.opened()).toFixed(0)} ms`);
  await run.stack.ticks(2);
  t.deepEqual(await bound.stop(), [200]);
  t.deepEqual([...(await load.seen(fromMs, performance.now())).failed], []);
});

test.serial('a stick table, limits that scale: they open, and no request fails', async (t) => {
  await using run = await LimitsRun.start({
    lines: [...scaling.lines, 'stick-table type string len 20 size 1k', 'stick on url_param(user)'],
    serverOptions: scaling.server,
  });
  const { port } = run.stack;
  const load = run.load(60);
  await run.limited('bound');
  const fromMs = performance.now();
  await using bound = new Clients({ port, path: `${path}&user=u` }, clients);
  t.log(`open after ${(await run.opened(fullconn)).toFixed(0)} ms`);
  await run.refuted('bound-to-it');
  await run.stack.ticks(2);
  t.true(
    (await run.limits()).every((limit) => limit === fullconn),
    'they stay open',
  );
  t.deepEqual(await bound.stop(), [200]);
  t.deepEqual([...(await load.seen(fromMs, performance.now())).failed], []);
});
