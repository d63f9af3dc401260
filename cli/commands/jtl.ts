import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes, formatProblem, type Problem, ProblemError } from '../../shared/contract/problem.ts';
import {
  type JtlFault,
  jtlDamaged,
  jtlInvalid,
  jtlWithoutColumn,
  jtlWithoutRequests,
} from '../../shared/contract/problems/jtl.ts';
import { Stopped, stopOnSignal } from '../../shared/process/stop-signals.ts';
import { bytes, spacedPercent } from '../../shared/terminal/format.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { fail, note, print, printJson } from '../exit.ts';
import { JtlFile } from '../jtl/read-jtl.ts';
import { JtlSummary, type Summary, type SummaryOptions } from '../jtl/summary.ts';
import { type LeftOut, Tally } from '../jtl/tally.ts';
import { DamageNotes } from '../view/damage-notes.ts';
import { renderJtl } from '../view/jtl.ts';

const examples = `
Reads a CSV result file of Apache JMeter, of any size. Prints response times,
failures and the share answered within a second, for each server. The plans in
deploy/jmeter/ write the columns server and due (docs/load-testing.md).

Transactions and sub-results (redirects, embedded resources) are no requests:
they are left out and counted. A failure always counts, whatever its times are.
A damaged line is reported and left out.

Exit codes: 0 read; 1 lines were damaged; 2 not a result file, or no requests;
130, 143 interrupted (Ctrl-C, SIGTERM): shows what was read.

Examples:
  haweight jtl steady.jtl
  haweight jtl steady.jtl --warmup 10s --rate 50
  haweight jtl flash-crowd.jtl --by label --from-due
  haweight jtl results.jtl --by label --with-transactions
  haweight jtl steady.jtl --json | jq .all.p99Ms`;

interface JtlFlags {
  readonly within: number;
  readonly warmup: number;
  readonly by: SummaryOptions['by'];
  readonly rate?: number;
  readonly fromDue?: boolean;
  readonly withTransactions?: boolean;
  readonly json?: boolean;
}

export function jtlCommand(): Command {
  return new Command('jtl')
    .argument('<file>', 'result file of JMeter: jmeter -n -t PLAN.jmx -l FILE')
    .description("show percentiles for each server from JMeter's results")
    .addOption(
      new Option('--by <column>', 'column to group requests by').choices(['server', 'label']).default('server'),
    )
    .addOption(
      new Option('--within <time>', 'show the share answered within this time, such as 500ms, 1s or 2m')
        .argParser(timeMs)
        .default(1_000, '1s'),
    )
    .addOption(
      new Option('--warmup <time>', 'leave out requests sent in this time after the first, such as 500ms, 10s or 2m')
        .argParser(timeMs)
        .default(0, '0s'),
    )
    .addOption(
      new Option('--rate <n>', 'requests per second that the plan should send, for comparison').argParser(positive),
    )
    .option('--from-due', 'count response times from when requests were due, not from when they were sent')
    .option('--with-transactions', 'count transactions and sub-results as requests')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (file: string, flags: JtlFlags) => {
      process.exitCode = await report(file, flags);
    });
}

async function report(file: string, flags: JtlFlags): Promise<number> {
  const { within, warmup, by, rate, fromDue = false, withTransactions = false, json = false } = flags;
  const options: SummaryOptions = { by, withinMs: within, warmupMs: warmup, fromDue };
  const jtl = await JtlFile.open(file);
  const result = new JtlSummary(options);
  const damages = new DamageNotes();
  const { leftOut, stopped } = await readAll(jtl, result, damages, flags);
  damages.end();
  for (const problem of notesOn(file, jtl, by, leftOut)) note(formatProblem(problem));
  const { summary } = result;
  if (summary.all.requests === 0) throw new ProblemError(jtlInvalid(file, withoutRequests(summary, leftOut)));
  const readShare = stopped === null || jtl.bytes === 0 ? 1 : jtl.bytesRead / jtl.bytes;
  if (json) {
    const { damagedLines } = leftOut;
    printJson({ file, ...options, readShare, ...summary, leftOut, damagedLines }, 2);
  } else {
    print(renderJtl({ summary, leftOut, options, withTransactions, askedPerSecond: rate ?? null, readShare }));
  }
  if (stopped !== null)
    return fail(`${file}: ${stopped.message}, at ${spacedPercent(readShare)} of the file`, stopped.exitCode);
  return damages.count === 0 && jtl.nuls === 0 ? exitCodes.fine : exitCodes.checkFailed;
}

interface Outcome {
  readonly leftOut: LeftOut;
  /** The reason if it was stopped early. */
  readonly stopped: Stopped | null;
}

async function readAll(jtl: JtlFile, result: JtlSummary, damages: DamageNotes, flags: JtlFlags): Promise<Outcome> {
  const { fromDue = false, withTransactions = false } = flags;
  using stop = stopOnSignal(process.stdout);
  using progress = new Progress(process.stderr, { inLog: false });
  const onDamage = (problem: Problem) => {
    // a note below the progress would be drawn over
    progress.clear();
    damages.add(problem);
  };
  const tally = new Tally(result, { withTransactions, onDamage });
  for await (const piece of jtl.pieces()) {
    for (const read of piece) tally.add(read);
    if (fromDue && jtl.columns?.at.has('due') === false)
      throw new ProblemError(jtlInvalid(jtl.path, jtlWithoutColumn('due')));
    if (stop.signal.aborted) break;
    if (jtl.bytesRead < jtl.bytes)
      progress.show(`${spacedPercent(jtl.bytesRead / jtl.bytes)} of ${bytes(jtl.bytes)} read`);
  }
  tally.end();
  const reason: unknown = stop.signal.reason;
  return { leftOut: tally.leftOut, stopped: reason instanceof Stopped ? reason : null };
}

function notesOn(file: string, jtl: JtlFile, by: SummaryOptions['by'], { assumptions }: LeftOut): readonly Problem[] {
  return [
    ...(jtl.columns?.at.has(by) === false ? [jtlInvalid(file, jtlWithoutColumn(by))] : []),
    ...assumptions,
    ...(jtl.nuls > 0 ? [jtlDamaged(file, `${jtl.nuls} NUL bytes are left out`)] : []),
  ];
}

function withoutRequests({ warmupRequests }: Summary, { transactions, subResults, damagedLines }: LeftOut): JtlFault {
  const parts = transactions.count + subResults.count;
  const left = [
    ...(warmupRequests > 0 ? [`${warmupRequests} in the warm-up`] : []),
    ...(parts > 0 ? [`${parts} transactions or sub-results (${transactions.failed + subResults.failed} failed)`] : []),
    ...(damagedLines > 0 ? [`${damagedLines} damaged lines`] : []),
  ];
  return jtlWithoutRequests(left.join(', ') || 'none', parts > 0 ? '--with-transactions counts them.' : undefined);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function timeMs(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const value = Number(number) * (units[unit] ?? 0);
  if (number === undefined || value > 86_400_000)
    throw new InvalidArgumentError('Expected a time such as 500ms, 10s or 2m.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value === 0) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}
