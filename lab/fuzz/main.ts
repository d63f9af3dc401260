import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProblemError } from '../../shared/contract/problem.ts';
import { runProgram } from '../../shared/process/run-program.ts';
import { Stopped, stopOnSignal } from '../../shared/process/stop-signals.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { progressLine, renderReport } from './report.ts';
import { runTarget, type TargetResult } from './run-target.ts';
import { isTargetName, type TargetName, targetNames, targets } from './targets/registry.ts';

const usage = `npm run fuzz [-- --minutes N] [--target NAMES] [--seed N] [--case N]

Feeds edited real inputs and random bytes to the code that reads what comes from
outside. Each case must end in time, as a valid value or as a typed error, and
leak no memory and no descriptor.

  --minutes N     for all targets together (default: 10)
  --target NAMES  only these targets, for example: snapshot,replies
  --seed N        a whole number; the same seed gives the same cases
                  (default: a new one for each run; it is printed)
  --case N        only this case of the seed, of one target
  --file PATH     only this file, of one target: the case of a failure

${targetNames.map((name) => `  ${name.padEnd(16)} ${targets[name].about}`).join('\n')}

Examples:
  npm run fuzz
  npm run fuzz -- --minutes 60
  npm run fuzz -- --minutes 2 --target configuration,recording
  npm run fuzz -- --target snapshot --seed 17 --case 4711

Ctrl-C ends the run with the report so far. The exit code is 1 if something
failed. Each failure is printed with the command that repeats it, and its case
is kept as a file in lab/fuzz/failures/.
`;

const failuresFolder = new URL('./failures/', import.meta.url).pathname;
const maxSeed = 2 ** 31 - 1;

interface Options {
  readonly minutes: number;
  readonly names: readonly TargetName[];
  readonly seed: number;
  readonly case: number | null;
  readonly file: string | null;
}

/** null: help is wanted. Throws a ProblemError for invalid flags. */
function readOptions(args: readonly string[]): Options | null {
  const values = flagsOf(args);
  if (values.help === true) return null;
  const names = values.target?.split(',') ?? targetNames;
  const unknown = names.find((name) => !isTargetName(name));
  if (unknown !== undefined) throw usageProblem('--target', targetNames.join(', '), unknown);
  if ((values.case ?? values.file) !== undefined && names.length !== 1) {
    throw usageProblem('--case and --file', 'one --target', `${names.length} targets`);
  }
  return {
    minutes: numberOf('--minutes', values.minutes ?? '10', 0.01, 10_000),
    names: names.filter(isTargetName),
    seed: wholeOf('--seed', values.seed ?? String(Date.now() % maxSeed)),
    case: values.case === undefined ? null : wholeOf('--case', values.case),
    file: values.file ?? null,
  };
}

function flagsOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    minutes: text,
    target: text,
    seed: text,
    case: text,
    file: text,
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    throw new ProblemError({ code: 'usage', where: 'flags', what: message });
  }
}

function usageProblem(where: string, expected: string, got: string): ProblemError {
  return new ProblemError({ code: 'usage', where, what: 'cannot be used', expected, got: `"${got}"` });
}

function numberOf(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw usageProblem(flag, `a number from ${least} to ${most}`, text);
}

function wholeOf(flag: string, text: string): number {
  const value = numberOf(flag, text, 0, maxSeed);
  if (Number.isInteger(value)) return value;
  throw usageProblem(flag, 'a whole number', text);
}

async function fuzz({ minutes, names, seed, case: only }: Options): Promise<number> {
  using stop = stopOnSignal(process.stdout);
  const { signal } = stop;
  using progress = new Progress(process.stderr, { inLog: true });
  const results: TargetResult[] = [];
  write(`seed ${seed}, ${names.length} targets, ${only === null ? `${minutes} minutes in all` : `case ${only}`}`);
  const endMs = performance.now() + minutes * 60_000;
  for (const [index, target] of names.entries()) {
    if (signal.aborted) break;
    const durationMs = (endMs - performance.now()) / (names.length - index);
    const result = await runTarget({
      target,
      seed,
      firstCase: only ?? 0,
      cases: only === null ? null : 1,
      durationMs,
      signal,
      onProgress: (played) => progress.show(progressLine(target, played, (endMs - performance.now()) / 1_000)),
    });
    progress.clear();
    results.push(result);
    for (const line of failureLines(result, seed)) write(line);
  }
  write(`\n${renderReport(results)}`);
  const failed = results.reduce((sum, { failures, runFailures }) => sum + failures.length + runFailures.length, 0);
  write(failed === 0 ? '\nno failure' : `\n${failed} failures`);
  if (signal.reason instanceof Stopped) return failed === 0 ? signal.reason.exitCode : 1;
  return failed === 0 ? 0 : 1;
}

/** Each failure and how to repeat it. */
function failureLines({ target, failures, runFailures }: TargetResult, seed: number): string[] {
  const again = `npm run fuzz -- --target ${target} --seed ${seed}`;
  return [
    ...failures.map(({ case: number, why, inputBase64 }) => {
      const kept = keep(target, `${seed}-${number}.bin`, inputBase64);
      return `FAILED ${target}: ${why}\n  again: ${again} --case ${number}${kept}`;
    }),
    ...runFailures.map((why) => `FAILED ${target}: ${why}\n  again: ${again}`),
  ];
}

function keep(target: string, name: string, inputBase64: string): string {
  if (inputBase64 === '') return '';
  const folder = join(failuresFolder, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, Buffer.from(inputBase64, 'base64'));
  return `\n  or smaller: npm run fuzz -- --target ${target} --file ${path}`;
}

async function runFile(name: TargetName, path: string): Promise<number> {
  const target = await targets[name].load();
  await using open = await target.open();
  write(await open.check(readFileSync(path)));
  return 0;
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

await runProgram('fuzz', async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(usage);
    return 0;
  }
  const [name] = options.names;
  if (options.file !== null && name !== undefined) return await runFile(name, options.file);
  return await fuzz(options);
});
