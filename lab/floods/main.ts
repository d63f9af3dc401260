import { Command, Option } from 'commander';
import { runProgram } from '../../shared/process/run-program.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { isPassed } from '../support/check.ts';
import { exitOnUsage, numberWithin } from '../support/flags.ts';
import { type Measured, measureCell } from './cell.ts';
import { kindNames } from './kinds.ts';
import { formatSummary, tableHead, tableRow } from './report.ts';
import { targetNames } from './system.ts';
import { verdictOf } from './verdict.ts';

interface Flags {
  readonly kind: readonly string[];
  readonly target: readonly string[];
  readonly from: readonly string[];
  readonly seconds: number;
  readonly json: boolean;
}

/** Of a controller that is told nothing else. */
const periodMs = 2_000;
const sources = ['1', '256'];

const help = `
Floods a real controller and real agents from addresses of loopback, one kind of
flood after the other, and measures what others notice: another client's
answers, an operator's weight that is to be put right, a drained server that is
to be rescued, memory, CPU and the time from SIGTERM to the end. Nothing else
should run on the machine. All of it takes about half an hour.
Exit codes: 0 all promises were kept, 1 one was not, 2 invalid options.

Examples:
  npm run floods
  npm run floods -- --kind pipelining expect --target controller --from 1`;

const flags = exitOnUsage(new Command('floods'))
  .description('measure what floods of connections and requests do to others')
  .addOption(new Option('--kind <kinds...>', 'kinds of floods').choices(kindNames).default([...kindNames]))
  .addOption(new Option('--target <targets...>', 'what is flooded').choices(targetNames).default([...targetNames]))
  .addOption(new Option('--from <counts...>', 'addresses that the flood comes from').choices(sources).default(sources))
  .option('--seconds <seconds>', 'length of a flood before it is measured, 1 to 60', numberWithin(1, 60), 3)
  .option('--json', 'print every figure, a line of JSON for each cell', false)
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

const cells = kindNames
  .filter((kind) => flags.kind.includes(kind))
  .flatMap((kind) => targetNames.filter((target) => flags.target.includes(target)).map((target) => ({ kind, target })))
  .flatMap((cell) =>
    flags.from.map((addresses) => ({
      ...cell,
      addresses: Number(addresses),
      periodMs,
      warmUpMs: flags.seconds * 1_000,
    })),
  );

await runProgram('floods', async () => {
  using progress = new Progress(process.stderr, { inLog: true });
  if (!flags.json) process.stdout.write(tableHead);
  const all: Measured[] = [];
  for (const [index, cell] of cells.entries()) {
    progress.show(`${index + 1} of ${cells.length}: ${cell.kind}, ${cell.target}, from ${cell.addresses}`);
    const measured = await measureCell(cell);
    all.push(measured);
    process.stdout.write(flags.json ? `${JSON.stringify(measured)}\n` : tableRow(measured));
  }
  if (!flags.json) process.stdout.write(`\n${formatSummary(all)}\n`);
  return all.every((each) => isPassed(verdictOf(each))) ? 0 : 1;
});
