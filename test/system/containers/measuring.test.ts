import { totalmem } from 'node:os';
import { until } from '../../../testbed/rig/wait.ts';
import { Application } from './support/application.ts';
import { engineTest } from './support/engine.ts';
import { engineStats } from './support/engine-stats.ts';
import { Surroundings } from './support/surroundings.ts';

const size = { cores: 0.2, memoryMebibytes: 320 };

engineTest(
  "a stressed container's CPU rises in its own snapshot as the engine counts it, and in no other",
  async (t) => {
    await using surroundings = await Surroundings.make();
    const servers = await Promise.all(['s1', 's2', 's3'].map((name) => Application.start(name, size, surroundings)));
    const [stressed, ...others] = servers as [Application, ...Application[]];
    const idle = 0.3;
    for (const server of servers) {
      await until(`${server.name} is idle`, async () => ((await server.utilisation('cpu')) ?? 1) < idle);
      t.is((await server.snapshot()).effectiveCores, size.cores);
    }

    await stressed.stress(0.9);
    await until('CPU of the stressed one', async () => ((await stressed.utilisation('cpu')) ?? 0) > 0.8);
    const byEngine = await stressed.engineCpu(size.cores);
    t.true(byEngine > 0.75, `the engine counts ${byEngine}`);
    for (const other of others) {
      const measured = (await other.utilisation('cpu')) ?? 1;
      const counted = await other.engineCpu(size.cores);
      t.true(measured < idle, `${other.name} has ${measured}, by the engine ${counted}`);
      t.true(counted < idle, `${other.name}: the engine counts ${counted}`);
    }

    await stressed.stress(0);
    await until('its CPU falls', async () => ((await stressed.utilisation('cpu')) ?? 1) < idle);
  },
);

engineTest("RAM is measured against the container's limit, not the machine's", async (t) => {
  await using surroundings = await Surroundings.make();
  const [full, other] = await Promise.all(['s1', 's2'].map((name) => Application.start(name, size, surroundings)));
  if (full === undefined || other === undefined) return t.fail();
  const limitBytes = size.memoryMebibytes * 2 ** 20;
  const ram = async (server: Application) => (await server.utilisation('ram')) ?? Number.NaN;
  const [before, otherBefore] = [await ram(full), await ram(other)];
  t.true(before < 0.5, `${before} at the start`);

  /** The agent itself is still growing a little. */
  const tolerance = 0.07;
  // `tail` keeps what it reads until it has seen a line's end
  const bytes = Math.round((0.6 - before) * limitBytes);
  const { output: pid } = await full.shell(`(head -c ${bytes} /dev/zero; sleep 600) | tail >/dev/null 2>&1 & echo $!`);
  let shown = '';
  await until(
    () => `RAM at 60 %, and the engine says the same: ${shown}`,
    async () => {
      const counted = await engineStats(full.container.getId());
      const [measured, byEngine] = [await ram(full), counted.usedMemoryBytes / counted.memoryLimitBytes];
      shown = `${measured} and ${byEngine}`;
      return Math.abs(measured - 0.6) < tolerance && Math.abs(measured - byEngine) < 0.02;
    },
  );
  const { metrics } = await full.snapshot();
  t.is((await engineStats(full.container.getId())).memoryLimitBytes, limitBytes);
  t.true(limitBytes < totalmem() / 2, 'this machine is too small to tell its memory from the limit');
  t.is(metrics.ram.status === 'ok' && metrics.ram.raw.limitBytes, limitBytes);
  t.true(Math.abs((await ram(other)) - otherBefore) < 0.1);

  await full.shell(`kill ${pid}`);
  await until('RAM is back', async () => (await ram(full)) < before + 0.1);
});
