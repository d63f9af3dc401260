import { availableParallelism } from 'node:os';
import { Progress } from '../../shared/terminal/progress.ts';
import type { RunSettings } from './cell.ts';
import { Measured, Plan } from './measure.ts';
import { runCells } from './run.ts';
import { markdown, type Table } from './table.ts';

/** Runs every cell of the tables with so many seeds, and prints the tables as Markdown. */
export async function printTables(tables: readonly Table[], seeds: number, settings: RunSettings): Promise<void> {
  const plan = new Plan();
  for (const table of tables) markdown(table, plan);
  using progress = new Progress(process.stderr, { inLog: true });
  const onProgress = (done: number, all: number) => progress.show(`${Math.floor((done / all) * 100)} % of ${all} runs`);
  const threads = availableParallelism();
  const measured = new Measured(await runCells(plan.cells, { seeds, threads, onProgress, ...settings }));
  progress.clear();
  for (const table of tables) process.stdout.write(`${markdown(table, measured)}\n\n`);
}
