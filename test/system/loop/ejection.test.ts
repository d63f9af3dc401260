import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const servers = ['s1', 's2', 's3'];
/** So often that a third of a tick's requests is far more than the 10 errors that an ejection needs. */
const everyMs = 10;
const ejectMs = 3_000;

test.serial('leastconn: a server that fails fast is ejected, then for twice as long, and ramps up', async (t) => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, 'controller.yaml');
  await writeFile(config, `guard:\n  ejectMs: ${ejectMs}\n`);
  await using stack = await Stack.start({ algorithm: 'leastconn', servers });
  await using load = stack.startLoad(everyMs);
  await stack.startController('--config', config, '--policy', 'capacity');
  await stack.ticks(1);
  await stack.tell('s1', { failing: 503 });
  const first = await until('ejected', () => stack.reason('s1', 'ejected'));
  t.true(first.share > 0.5 && first.remainingMs <= ejectMs, JSON.stringify(first));
  t.is(await stack.weight('s1'), 0);
  t.true((await stack.shown('s1')).drained);

  let hadAnotherChance = false;
  const second = await until('ejected for longer', async () => {
    hadAnotherChance ||= (await stack.weight('s1')) > 0;
    const step = await stack.reason('s1', 'ejected');
    return step !== null && step.remainingMs > ejectMs && step;
  });
  t.true(hadAnotherChance);
  t.true(second.remainingMs <= 2 * ejectMs, JSON.stringify(second));
  const failures = () => load.seen.failed.get(503) ?? 0;
  const before = failures();
  await load.answers(100);
  t.true(failures() - before <= 2, `${failures() - before} requests still failed beside 100 answers`);
  const shown = await haweight(['weights', '--controller', stack.statusUrl]);
  t.regex(shown.stdout, /\ns1 .* 0 +0\.0% +ejected \d s/);

  await stack.tell('s1', { failing: 0 });
  const ramp = new Set<number>();
  await until('s1 far above the least weight', async () => {
    const step = await stack.reason('s1', 'ramp');
    if (step !== null) ramp.add(step.factor);
    return (await stack.weight('s1')) > 40;
  });
  t.true(ramp.size >= 2 && Math.min(...ramp) < 0.5, `by a fifth of its weight at a time: ${[...ramp]}`);
});

test.serial('roundrobin: the same server is cut to a trickle, and never ejected', async (t) => {
  await using stack = await Stack.start({ servers });
  await using load = stack.startLoad(everyMs);
  await stack.startController('--policy', 'capacity');
  // so that the next tick sees almost only errors, for which leastconn would eject
  await stack.ticks(1);
  await stack.tell('s1', { failing: 503 });
  const neverEjected = async () => {
    const server = await stack.shown('s1');
    t.false(server.reasons.some(({ code }) => code === 'ejected'));
    return server;
  };
  await until('s1 cut', async () => (await neverEjected()).weight < 20);
  await stack.ticks(2);
  t.true((await neverEjected()).weight >= 1);
  t.true((await stack.weight('s1')) >= 1);
  t.true(((await stack.reason('s1', 'errors'))?.share ?? 0) > 0.5, 'though it fails as much');
  t.true((load.seen.failed.get(503) ?? 0) >= 10, 'and as fast');
});
