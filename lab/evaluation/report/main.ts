import { Command } from 'commander';
import { runProgram } from '../../../shared/process/run-program.ts';
import { exitOnUsage } from '../../support/flags.ts';
import { completenessText } from './tables/setting.ts';
import { writeReport } from './write.ts';

interface Flags {
  readonly results: string;
  readonly docs?: string;
}

const help = `
Writes CSV, Markdown tables and figures (SVG) to the subfolder
report, from the raw data alone: the same data give the same bytes. --docs
also updates the generated parts of evaluation.md and evaluation-tables.md in
that folder, and the figures in its subfolder figures; text written by hand
stays.
Exit codes: 0 complete, 1 written, but cells are missing or do not count,
2 a file is damaged, or a document lacks a marker.

Examples:
  npm run experiment:report -- --results results/full
  npm run experiment:report -- --results results/full --docs docs`;

const flags = exitOnUsage(new Command('experiment:report'))
  .description('tables and figures from the results of an experiment')
  .requiredOption('--results <folder>', 'what `npm run experiment` wrote')
  .option('--docs <folder>', 'folder of the documents whose generated parts are replaced')
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

await runProgram('experiment:report', async () => {
  const { results: folder, docs } = flags;
  const results = await writeReport(folder, docs);
  process.stdout.write(`${folder}/report: ${completenessText(results)}\n`);
  return results.missing === 0 && results.discarded.length === 0 ? 0 : 1;
});
