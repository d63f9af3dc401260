import { median } from '../../shared/math/statistics.ts';
import { type Cell, cellName, type FigureName, type Figures } from './cell.ts';

/** How a goal gets its figures: medians over the seeds. NaN where a run has no such figure. */
export interface Measure {
  value(cell: Cell, figure: FigureName): number;
  /** Median of the ratios of runs with the same seed, so with the same requests: less noise than a ratio of medians. */
  ratio(cell: Cell, against: Cell, figure: FigureName): number;
  /** Median of the differences of runs with the same seed. */
  difference(cell: Cell, against: Cell, figure: FigureName): number;
  largest(cell: Cell, figure: FigureName): number;
  /** Largest of the differences of runs with the same seed: a median does not show the one run that went wrong. */
  largestDifference(cell: Cell, against: Cell, figure: FigureName): number;
}

/** Only notes which cells the goals need, so that these can be run first. */
export class Plan implements Measure {
  readonly cells = new Map<string, Cell>();

  value(cell: Cell): number {
    return this.#note(cell);
  }

  ratio(cell: Cell, against: Cell): number {
    this.#note(against);
    return this.#note(cell);
  }

  difference(cell: Cell, against: Cell): number {
    return this.ratio(cell, against);
  }

  largest(cell: Cell): number {
    return this.#note(cell);
  }

  largestDifference(cell: Cell, against: Cell): number {
    return this.ratio(cell, against);
  }

  #note(cell: Cell): number {
    this.cells.set(cellName(cell), cell);
    return Number.NaN;
  }
}

/** Gives the measured figures. `figures` has one entry per seed for each cell's name, in the order of the seeds. */
export class Measured implements Measure {
  readonly #runs: ReadonlyMap<string, readonly Figures[]>;

  constructor(runs: ReadonlyMap<string, readonly Figures[]>) {
    this.#runs = runs;
  }

  value(cell: Cell, figure: FigureName): number {
    return medianOf(this.#of(cell, figure));
  }

  ratio(cell: Cell, against: Cell, figure: FigureName): number {
    const base = this.#of(against, figure);
    return medianOf(this.#of(cell, figure).map((value, index) => value / (base[index] ?? Number.NaN)));
  }

  difference(cell: Cell, against: Cell, figure: FigureName): number {
    return medianOf(this.#differences(cell, against, figure));
  }

  largest(cell: Cell, figure: FigureName): number {
    return Math.max(...this.#of(cell, figure));
  }

  largestDifference(cell: Cell, against: Cell, figure: FigureName): number {
    return Math.max(...this.#differences(cell, against, figure));
  }

  #differences(cell: Cell, against: Cell, figure: FigureName): number[] {
    const base = this.#of(against, figure);
    return this.#of(cell, figure).map((value, index) => value - (base[index] ?? Number.NaN));
  }

  #of(cell: Cell, figure: FigureName): number[] {
    return (this.#runs.get(cellName(cell)) ?? []).map((figures) => figures[figure] ?? Number.NaN);
  }
}

/** NaN where a single value is missing. */
function medianOf(values: readonly number[]): number {
  return values.some(Number.isNaN) ? Number.NaN : (median(values) ?? Number.NaN);
}
