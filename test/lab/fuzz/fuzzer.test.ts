import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { growthOf, memoryFailure } from '../../../lab/fuzz/memory.ts';
import { caseOf, Runner } from '../../../lab/fuzz/runner.ts';
import { stateless, type Target } from '../../../lab/fuzz/target.ts';
import { targetNames, targets } from '../../../lab/fuzz/targets/registry.ts';
import { demand } from '../../../lab/fuzz/violation.ts';

const main = join(import.meta.dirname, '../../../lab/fuzz/main.ts');

async function fuzz(...args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
    if (args.includes('1000') && !child.killed) child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

test.serial('a seed and a number give the same case every time, and others another one', async (t) => {
  for (const name of targetNames) {
    const target = await targets[name].load();
    const cases = (seed: number) =>
      Array.from({ length: 20 }, (_, number) => caseOf(target, seed, number).toString('hex'));
    t.deepEqual(cases(1), cases(1), name);
    t.true(new Set([...cases(1), ...cases(2)]).size > 25, name);
  }
});

const mib = 1024 ** 2;
const samples = (of: (index: number) => number) =>
  Array.from({ length: 100 }, (_, index) => ({ heapBytes: of(index) * mib, residentBytes: 100 * mib }));

test.serial('memory that grows all the time is a fault; that of a start, or of one moment, is none', (t) => {
  t.regex(memoryFailure(samples((index) => 50 + index / 4)) ?? '', /^the heap grew by 1[0-9]\.\d MiB$/);
  t.is(memoryFailure(samples((index) => Math.min(80, 40 + 2 * index))), null);
  t.is(memoryFailure(samples((index) => (index === 99 ? 500 : 50))), null);
  t.is(growthOf(samples(() => 50).slice(0, 19)), null);
  const unknown = samples(() => 50).map(({ residentBytes }, index) => {
    return { heapBytes: null, residentBytes: residentBytes + 3 * index * mib };
  });
  t.regex(memoryFailure(unknown) ?? '', /^resident memory grew/);
  t.is(memoryFailure(unknown.map((sample) => ({ ...sample, heapBytes: 50 * mib }))), null);
  t.is(memoryFailure([{ heapBytes: 50 * mib, residentBytes: 800 * mib }]), 'resident memory was 800.0 MiB');
});

const someBytes = fc.uint8Array({ minLength: 100, maxLength: 100 });
const cases = fc.tuple(someBytes, fc.constant(Buffer.from('needle')), someBytes).map((parts) => Buffer.concat(parts));

test.serial('what a case throws is kept once, made smaller, and counted apart from outcomes', async (t) => {
  const check = (input: Buffer) => {
    demand(!input.includes('needle'), `a needle among ${input.length} bytes`);
    return 'fine';
  };
  const target: Target = { cases, open: () => stateless(check) };
  const runner = new Runner(target, await target.open());
  for (let number = 0; number < 5; number += 1) await runner.run(1, number);
  const { cases: ran, outcomes, failures } = runner.progress(true);
  t.deepEqual([ran, outcomes, failures.length], [5, [], 1]);
  t.is(failures[0]?.case, 0);
  t.is(Buffer.from(failures[0]?.inputBase64 ?? '', 'base64').toString(), 'needle');
});

test.serial('a case that always takes too much CPU is a failure, and one that did once is none', async (t) => {
  let checked = 0;
  const burn = () => {
    const start = process.threadCpuUsage();
    while (process.threadCpuUsage(start).user < 90_000);
    return 'fine';
  };
  const burnOnce = () => {
    checked += 1;
    return checked === 1 ? burn() : 'fine';
  };
  const once: Target = { cases, open: () => stateless(burnOnce) };
  const always: Target = { cases, open: () => stateless(burn) };
  const failuresOf = async (target: Target) => {
    const runner = new Runner(target, { ...(await target.open()), maxCpuMs: 30 });
    await runner.run(1, 0);
    return runner.progress(true).failures.map(({ why }) => why);
  };
  t.deepEqual(await failuresOf(once), []);
  t.regex((await failuresOf(always)).join(), /^took \d+ ms of CPU, over 30 ms$/);
});

test.serial('npm run fuzz: help of 80 columns with examples, and mistakes in one line', async (t) => {
  const help = await fuzz('--help');
  t.is(help.code, 0);
  t.true(help.stdout.includes('Examples:'));
  t.deepEqual(
    help.stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  for (const [args, words] of [
    [['--target', 'nothing'], '--target'],
    [['--minutes', '0'], '--minutes'],
    [['--seed', '1.5'], '--seed'],
    [['--case', '1'], '--target'],
    [['--nonsense'], '--nonsense'],
  ] as const) {
    const { code, stderr } = await fuzz(...args);
    t.is(code, 2, words);
    t.true(stderr.includes(words) && stderr.trimEnd().split('\n').length === 1, stderr);
  }
});

test.serial('npm run fuzz: plays, tells what came of the cases, and repeats one of them', async (t) => {
  const { code, stdout } = await fuzz('--minutes', '0.02', '--target', 'kernel', '--seed', '7');
  t.is(code, 0, stdout);
  t.regex(stdout, /\| kernel \| [\d,]+ \|/);
  t.regex(stdout, /\d {2}[a-z/ ]+: (?:read|unknown)\n/);
  const one = await fuzz('--target', 'kernel', '--seed', '7', '--case', '3');
  t.regex(one.stdout, /\| kernel \| 1 \|/);
});

test.serial('npm run fuzz: Ctrl-C ends it with what was found so far', async (t) => {
  const { code, stdout } = await fuzz('--minutes', '1000', '--target', 'kernel', '--seed', '7');
  t.is(code, 130, stdout);
  t.regex(stdout, /\| kernel \| [\d,]+ \|/);
  t.regex(stdout, /no failure\n$/);
});
