import { type ContenderName, contenderNames } from '../contenders.ts';
import { blocksOf } from '../matrix.ts';
import { readCells, readRun } from '../read.ts';
import type { Cell, Run } from '../record.ts';
import { type ScenarioName, scenarioNames } from '../scenarios.ts';
import { type CellStatistics, statisticsOf } from './cell-statistics.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type Timeline, timelineOf } from './timeline.ts';

/** A cell that does not count, and why, as a clause. */
export interface Discarded extends Pick<Cell, 'scenario' | 'contender' | 'repetition'> {
  readonly reason: string;
}

/** The data of all tables and figures. */
export interface Results {
  readonly run: Run;
  /** Only cells that count. */
  readonly cells: readonly CellStatistics[];
  readonly discarded: readonly Discarded[];
  /** Number of cells that the run should have but that are missing. */
  readonly missing: number;
  /** Of the scenarios that are drawn over time: the first repetition that counts. */
  readonly timelines: readonly Timeline[];
}

/** Errors: a Problem that names the damaged file. */
export async function readResults(folder: string): Promise<Results> {
  const run = await readRun(folder);
  const cells: CellStatistics[] = [];
  const discarded: Discarded[] = [];
  const timelines: Timeline[] = [];
  for await (const cell of readCells(folder)) {
    const { scenario, contender, repetition, discarded: reason } = cell;
    if (reason !== null) {
      discarded.push({ scenario, contender, repetition, reason });
      continue;
    }
    cells.push(statisticsOf(cell));
    const isDrawn = timelines.some((each) => each.scenario === scenario && each.contender === contender);
    if (scenario === 'over-utilised' && !isDrawn) timelines.push(timelineOf(cell));
  }
  const missing = missingFrom(run, [...cells, ...discarded]);
  return { run, cells: cells.toSorted(inOrder), discarded: discarded.toSorted(inOrder), missing, timelines };
}

/** Cells of one scenario under one contender. */
export function cellsOf(results: Pick<Results, 'cells'>, scenario: ScenarioName, contender: ContenderName) {
  return results.cells.filter((cell) => cell.scenario === scenario && cell.contender === contender);
}

export type Measure =
  | 'chargedMeanMs'
  | 'chargedP99Ms'
  | 'meanMs'
  | 'p50Ms'
  | 'p90Ms'
  | 'p99Ms'
  | 'withinSecond'
  | 'failedShare'
  | 'failed'
  | 'slow';

/** null: no cell counts, or none has this figure. */
export function measured(
  results: Pick<Results, 'cells'>,
  scenario: ScenarioName,
  contender: ContenderName,
  measure: Measure,
): Spread | null {
  return spreadOf(cellsOf(results, scenario, contender).map((cell) => cell[measure]));
}

/** Scenarios with at least one cell that counts, in the usual order. */
export function scenariosIn({ cells }: Pick<Results, 'cells'>): ScenarioName[] {
  return scenarioNames.filter((name) => cells.some(({ scenario }) => scenario === name));
}

/** As `scenariosIn`; of one scenario where that is given. */
export function contendersIn({ cells }: Pick<Results, 'cells'>, scenario?: ScenarioName): ContenderName[] {
  const chosen = cells.filter((cell) => scenario === undefined || cell.scenario === scenario);
  return contenderNames.filter((name) => chosen.some(({ contender }) => contender === name));
}

function missingFrom({ matrix, repetitions }: Run, seen: readonly Place[]): number {
  const places = new Set(seen.map(pathOf));
  const expected = blocksOf(matrix, repetitions).flatMap(({ contender, repetition, scenarios }) =>
    scenarios.map(({ name }) => pathOf({ scenario: name, contender: contender.name, repetition })),
  );
  return expected.filter((place) => !places.has(place)).length;
}

type Place = Pick<Cell, 'scenario' | 'contender' | 'repetition'>;

function inOrder(a: Place, b: Place): number {
  return (
    scenarioNames.indexOf(a.scenario) - scenarioNames.indexOf(b.scenario) ||
    contenderNames.indexOf(a.contender) - contenderNames.indexOf(b.contender) ||
    a.repetition - b.repetition
  );
}

function pathOf({ scenario, contender, repetition }: Place): string {
  return `${scenario}/${contender}-${repetition}`;
}
