import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cpuLimitMs } from '../../../lab/fuzz/player.ts';
import type { OpenTarget } from '../../../lab/fuzz/target.ts';
import { isTargetName, targets } from '../../../lab/fuzz/targets/registry.ts';

const folder = join(import.meta.dirname, 'regressions');
/** A collection of garbage or a compilation may fall into any attempt. */
const attempts = 4;

// Each file is a case that once threw, hung, was slow or let something through; its name says what it holds.
for (const name of readdirSync(folder)) {
  test.serial(`${name}: what once went wrong does not again`, async (t) => {
    if (!isTargetName(name)) return t.fail(`there is no target ${name}`);
    const target = await targets[name].load();
    await using open = await target.open();
    const files = readdirSync(join(folder, name));
    t.true(files.length > 0);
    for (const file of files) {
      const input = readFileSync(join(folder, name, file));
      await t.notThrowsAsync(async () => await open.check(input), file);
      t.true((await leastCpuMs(open, input)) <= cpuLimitMs(open, input), `${file} takes too much CPU`);
    }
  });
}

async function leastCpuMs(open: OpenTarget, input: Buffer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && least > cpuLimitMs(open, input); attempt += 1) {
    const start = process.threadCpuUsage();
    await open.check(input);
    const { user, system } = process.threadCpuUsage(start);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
