import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const servers = ['s1', 's2', 's3'];
const everyMs = 10;
const ejectMs = 3_000;

for (const [algorithm, out] of [
  ['leastconn', 0],
  ['roundrobin', 1],
] as const) {
  test.serial(`${algorithm}: a server that fails fast has weight ${out}, then for longer`, async (t) => {
    await using folder = await temporaryFolder();
    const config = join(folder.path, 'controller.yaml');
    await writeFile(config, `guard:\n  ejectMs: ${ejectMs}\n`);
    await using stack = await Stack.start({ algorithm, servers });
    await using load = stack.startLoad(everyMs);
    await stack.startController('--config', config, '--policy', 'capacity');
    await stack.ticks(2);
    const failures = () => load.seen.failed.get(503) ?? 0;
    await stack.tell('s1', { failing: 503 });
    await until('ejected', async () => (await stack.weight('s1')) === out);
    t.true(failures() < 150, `long before the next tick: ${failures()}`);
    const first = await until('told', () => stack.reason('s1', 'ejected'));
    t.true(first.share > 0.5 && first.remainingMs <= ejectMs, JSON.stringify(first));

    const second = await until('ejected for longer', async () => {
      const step = await stack.reason('s1', 'ejected');
      return step !== null && step.remainingMs > ejectMs && step;
    });
    t.true(second.remainingMs <= 2 * ejectMs, JSON.stringify(second));
    const before = failures();
    await load.answers(100);
    t.true(failures() - before <= 2, `${failures() - before} requests still failed beside 100 answers`);
    const shown = await haweight(['weights', '--controller', stack.statusUrl]);
    t.regex(shown.stdout, /\ns1 .* ejected \d s/);
    const [backend] = (await stack.status()).backends;
    t.is(backend?.ejections, 1, 'one that is tried in vain is not ejected anew');
    t.deepEqual(
      backend?.servers.filter(({ breaker }) => breaker !== 'closed').map(({ server }) => server),
      ['s1'],
    );

    await stack.tell('s1', { failing: 0 });
    await until('s1 far above the least weight', async () => (await stack.weight('s1')) > 40);
  });
}
