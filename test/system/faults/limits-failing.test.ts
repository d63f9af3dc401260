import test from 'ava';
import { fullconn, LimitsRun, names, scaling } from './support/limits-run.ts';
import type { Seen } from './support/open-load.ts';

/*
 * A server that fails at once is never full, so it could draw all that the others may not have. The look that opens its breaker
 * opens all limits, and not the next tick.
 */

const failingTicks = 3;
/**
 * Until that look the others have two or three requests each, and the failing one gets the rest: of three servers all instead of a
 * third, at most.
 */
const mostTimes = 3;

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
  test.serial(`${algorithm}: a server that fails at once draws requests until the next look only`, async (t) => {
    const off = await whileOneFails(algorithm, 'off');
    const on = await whileOneFails(algorithm, 'on');
    const shown = `failed with limits ${on.failures} of ${on.requests}, without ${off.failures} of ${off.requests}`;
    t.log(shown);
    t.true(off.failures > 0, shown);
    const most = mostTimes * off.failures * (on.requests / off.requests);
    // counts of failures vary as those of a Poisson process do: three standard deviations
    t.true(on.failures <= most + 3 * Math.sqrt(most), shown);
  });
}
