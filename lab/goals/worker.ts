import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from '../../testbed/simulator/simulate.ts';
import { type Cell, cellName, experimentOf, type Figures, figuresOf, type RunSettings } from './cell.ts';

/** One run of one cell. */
export interface Job {
  readonly cell: Cell;
  readonly seed: number;
  readonly settings: RunSettings;
}

export interface Done {
  readonly name: string;
  readonly seed: number;
  readonly figures: Figures;
}

/** Runs this thread's part of the jobs, one after the other. */
for (const { cell, seed, settings } of workerData as readonly Job[]) {
  const experiment = experimentOf(cell, seed, settings);
  const figures = figuresOf(await simulate(experiment), experiment);
  const done: Done = { name: cellName(cell), seed, figures };
  parentPort?.postMessage(done);
}
