import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes, formatProblem, type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { note, print } from '../exit.ts';
import { invalid, openJtl } from '../jtl/read-jtl.ts';
import { JtlSummary, type SummaryOptions } from '../jtl/summary.ts';
import { DamageNotes } from '../view/damage-notes.ts';
import { renderJtl } from '../view/jtl.ts';
import { printable } from '../view/printable.ts';

const examples = `
Reads a CSV result file of Apache JMeter, of any size. Prints response times,
failures and the share answered within a second, for each server. The plans in
deploy/jmeter/ write the columns server and due (docs/load-testing.md).
A damaged line is reported and left out; then the exit code is 1.

Examples:
  haweight jtl steady.jtl
  haweight jtl steady.jtl --warmup 10s --rate 50
  haweight jtl flash-crowd.jtl --by label --from-due
  haweight jtl steady.jtl --json | jq .all.p99Ms`;

interface JtlFlags {
  readonly within: number;
  readonly warmup: number;
  readonly by: SummaryOptions['by'];
  readonly rate?: number;
  readonly fromDue?: boolean;
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
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (file: string, flags: JtlFlags) => {
      process.exitCode = await report(file, flags);
    });
}

async function report(
  file: string,
  { within, warmup, by, rate, fromDue = false, json = false }: JtlFlags,
): Promise<number> {
  const { columns, samples } = await openJtl(file);
  if (fromDue && !columns.at.has('due')) throw new ProblemError(invalid(file, noColumn('due')));
  if (!columns.at.has(by)) note(formatProblem(invalid(file, noColumn(by))));
  const options: SummaryOptions = { by, withinMs: within, warmupMs: warmup, fromDue };
  const result = new JtlSummary(options);
  const damages = new DamageNotes();
  for await (const sample of samples) {
    if (sample.ok) result.add(sample.value);
    else damages.add(sample.error);
  }
  damages.end();
  const { summary } = result;
  if (summary.all.requests === 0) {
    const left = summary.warmupRequests > 0 ? `${summary.warmupRequests} in the warm-up` : 'none';
    throw new ProblemError(invalid(file, { what: 'no request counts', expected: 'one', got: left }));
  }
  if (json) print(JSON.stringify(printable({ file, ...options, ...summary, damagedLines: damages.count }), null, 2));
  else print(renderJtl(summary, options, rate ?? null));
  return damages.count === 0 ? exitCodes.fine : exitCodes.checkFailed;
}

function noColumn(name: string): Pick<Problem, 'what' | 'fix'> {
  return { what: `there is no column ${name}`, fix: 'docs/load-testing.md says how to record it.' };
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
