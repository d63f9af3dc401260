import test from 'ava';
import { fullconn, LimitsRun, names, scaling } from './support/limits-run.ts';
import type { Seen } from './support/open-load.ts';

/*
 * A server that fails at once is never full, so it could draw all that the others may not have. They have room for its requests,
 * and the first look at its errors opens all limits.
 */

const failingTicks = 3;

async function whileOneFails(algorithm: string, limits: 'on' | 'off'): Promise<Seen> {
  await using run = await LimitsRun.start({
    ...{ algorithm, limits, lines: [...scaling.lines], serverOptions: `${scaling.server} fall 1000` },
  });
  const { stack } = run;
  await Promise.all(names.map((name) => stack.tell(name, { waitMs: 100 })));
  const load = run.load(120);
  if (limits === 'on') await run.limited('bound');
  await stack.ticks(2);
  const fromMs = performance.now();
  await stack.tell('s1', { failing: 503 });
  await run.opened(fullconn);
  await stack.ticks(failingTicks);
  return await load.seen(fromMs, performance.now());
}

for (const algorithm of ['roundrobin', 'leastconn']) {
  test.serial(`${algorithm}: a server that fails at once draws no more with limits than without`, async (t) => {
    const off = await whileOneFails(algorithm, 'off');
    const on = await whileOneFails(algorithm, 'on');
    const shown = `failed with limits ${on.failures} of ${on.requests}, without ${off.failures} of ${off.requests}`;
    t.log(shown);
    t.true(off.failures > 0, shown);
    const expected = off.failures * (on.requests / off.requests);
    // counts of failures vary as those of a Poisson process do: three standard deviations of their difference
    t.true(on.failures <= expected + 3 * Math.sqrt(on.failures + expected), shown);
  });
}
