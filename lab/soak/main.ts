import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { policyOption } from '../../cli/policy-name.ts';
import { runProgram } from '../../shared/process/run-program.ts';
import { stopOnSignal } from '../../shared/process/stop-signals.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { formatChecks, isPassed } from '../support/check.ts';
import { exitOnUsage, numberWithin } from '../support/flags.ts';
import { SoakRun } from './run.ts';
import { toCsv } from './sample.ts';
import { isTooBusy, summaryOf, verdictOf } from './verdict.ts';

interface Flags {
  readonly minutes: number;
  readonly rate: number;
  readonly policy: string;
  readonly csv?: string;
  readonly json: boolean;
}

const help = `
A real HAProxy (master and worker), six servers with an agent each, and a
controller with a period of one second, under a steady load. Every minute: two
reloads, an agent killed, another stopped (SIGSTOP), a server killed, another
drained by the operator, and all of them return. Then follow ten quiet seconds,
in which memory, descriptors, times and weights are compared between minutes.
Ctrl-C ends it and prints the verdict so far.
Exit codes: 0 passed, 1 a check failed, 2 invalid options.

Examples:
  npm run soak -- --minutes 30              what docs/reliability.md shows
  npm run soak -- --minutes 10 --csv /tmp/soak.csv
                                            every sample, for a plot
  npm run -s soak -- --minutes 480 --json   a night`;

const flags = exitOnUsage(new Command('soak'))
  .description('run the whole system for a long time under faults, and check that it stays the same')
  .option(
    '--minutes <minutes>',
    'length, 0.1 to 100,000; trends are judged from 11 minutes on',
    numberWithin(0.1, 100_000),
    30,
  )
  .option('--rate <rate>', 'requests per second, 1 to 500', numberWithin(1, 500), 150)
  .addOption(policyOption())
  .option('--csv <file>', 'write every sample to this file')
  .option('--json', 'print the verdict as JSON', false)
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

await runProgram('soak', () => run(flags));

async function run({ minutes, rate, policy, csv, json }: Flags): Promise<number> {
  using progress = new Progress(process.stderr, { inLog: true });
  using stop = stopOnSignal(process.stdout);
  const { signal } = stop;
  const onProgress = (text: string) => progress.show(text);
  const soak = await SoakRun.run({ minutes, policy, requestsPerSecond: rate, signal, onProgress });
  progress.clear();
  if (csv !== undefined) writeFileSync(csv, toCsv(soak.samples));
  const checks = verdictOf(soak);
  const passed = isPassed(checks);
  const summary = summaryOf(soak);
  const tooBusy = isTooBusy(soak.samples);
  if (json) print(JSON.stringify({ passed, tooBusy, summary, checks, notCaused: soak.notCaused }, null, 2));
  else {
    const note = tooBusy
      ? '\n\nThe machine was too busy: failed checks of times, resident memory and weights are not judged.'
      : '';
    print(`${summary}${note}\n\n${formatChecks(checks)}\n\n${passed ? 'passed' : 'FAILED'}`);
  }
  return passed ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
