import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cpuLimitMs } from '../../../lab/fuzz/runner.ts';
import type { OpenTarget } from '../../../lab/fuzz/target.ts';
import { isTargetName, type TargetName, targets } from '../../../lab/fuzz/targets/registry.ts';
import { largeCases } from './large-cases.ts';

const folder = join(import.meta.dirname, 'regressions');
/** A garbage collection or a compilation may fall into any attempt. */
const attempts = 4;

// Each case once threw, hung, was slow or let something through; its name says what it holds.
for (const name of new Set([...readdirSync(folder), ...Object.keys(largeCases)])) {
  test.serial(`${name}: what once failed does not fail again`, async (t) => {
    if (!isTargetName(name)) return t.fail(`there is no target ${name}`);
    const target = await targets[name].load();
    await using open = await target.open();
    const cases = casesOf(name);
    t.true(cases.size > 0);
    for (const [title, input] of cases) {
      await t.notThrowsAsync(async () => await open.check(input), title);
      t.true((await leastCpuMs(open, input)) <= cpuLimitMs(open, input), `${title} takes too much CPU`);
    }
  });
}

function casesOf(name: TargetName): ReadonlyMap<string, Buffer> {
  const path = join(folder, name);
  const files = existsSync(path) ? readdirSync(path) : [];
  return new Map([
    ...files.map((file) => [file, readFileSync(join(path, file))] as const),
    ...Object.entries(largeCases[name] ?? {}).map(([title, text]) => [title, Buffer.from(text)] as const),
  ]);
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
