import { Worker } from 'node:worker_threads';
import type { Cell, Figures, RunSettings } from './cell.ts';
import type { Done, Job } from './worker.ts';

export interface RunOptions extends RunSettings {
  /** Each cell runs with seeds 1 to this. */
  readonly seeds: number;
  readonly threads: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Figures of every cell, one entry per seed, in the order of the seeds. */
export async function runCells(
  cells: ReadonlyMap<string, Cell>,
  { seeds, threads, onProgress, ...settings }: RunOptions,
): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const jobs = [...cells.values()].flatMap((cell) => {
    return Array.from({ length: seeds }, (_, index): Job => ({ cell, seed: index + 1, settings }));
  });
  const results = new Map([...cells.keys()].map((name) => [name, new Array<Figures>(seeds)]));
  let done = 0;
  const take = ({ name, seed, figures }: Done) => {
    results.get(name)?.splice(seed - 1, 1, figures);
    done += 1;
    onProgress?.(done, jobs.length);
  };
  // dealt out in turn: neighbours cost about the same
  const parts = Array.from({ length: threads }, (_, thread) =>
    jobs.filter((_job, index) => index % threads === thread),
  );
  await Promise.all(parts.map((part) => runPart(part, take)));
  return results;
}

function runPart(jobs: readonly Job[], take: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: jobs });
    worker.on('message', take);
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
  });
}
