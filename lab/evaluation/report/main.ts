import { Command } from 'commander';
import { runProgram } from '../../../shared/process/run-program.ts';
import { exitOnUsage } from '../../support/flags.ts';
import { completenessText } from './tables/setting.ts';
import { writeReport } from './write.ts';

interface Flags {
  readonly results: string;
  readonly docs?: string;
  readonly figures?: string;
}

const help = `
Writes CSV, tables of Markdown and figures (SVG) to the folder's subfolder
report, from the raw data alone: the same data give the same bytes. --docs
also brings the generated parts of a document up to date; what is written
there by hand stays.
Exit code 1: written, but cells are missing or do not count. 2: a damaged
file, or a document without its markers.

Examples:
  npm run experiment:report -- --results results/full
  npm run experiment:report -- --results results/full --docs docs/evaluation.md`;

const flags = exitOnUsage(new Command('experiment:report'))
  .description('tables and figures from the results of an experiment')
  .requiredOption('--results <folder>', 'what `npm run experiment` wrote')
  .option('--docs <file>', 'document whose generated parts are replaced')
  .option('--figures <folder>', "where the document's figures go (default: figures beside it)")
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

await runProgram('experiment:report', async () => {
  const { results: folder, ...options } = flags;
  const results = await writeReport(folder, options);
  process.stdout.write(`${folder}/report: ${completenessText(results)}\n`);
  return results.missing === 0 && results.discarded.length === 0 ? 0 : 1;
});
