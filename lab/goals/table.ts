import { milliseconds } from '../../shared/terminal/format.ts';
import type { Balance } from '../../testbed/simulator/schema.ts';
import { markdownTable } from '../support/markdown.ts';
import type { Cell, ContenderName, FigureName } from './cell.ts';
import type { LimitsName } from './limits.ts';
import type { Measure } from './measure.ts';

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly title: string;
  readonly text: (row: Row, measure: Measure) => string;
}

export interface Row {
  readonly title: string;
  readonly contender: ContenderName;
  readonly balance: Balance;
  /** Default: none. */
  readonly limits?: LimitsName;
}

export type Where = Pick<Cell, 'fleet' | 'demandMs' | 'scenario' | 'haproxys' | 'fastPath'>;

export function het(scenario: string): Where {
  return { fleet: 'het', demandMs: 20, scenario };
}

export function cellOf({ title: _, ...row }: Row, where: Where): Cell {
  return { ...where, ...row };
}

/** Mean and 99th percentile, in ms. */
export function latencies(
  title: string,
  where: Where,
  [mean, p99]: readonly [FigureName, FigureName] = ['meanMs', 'p99Ms'],
): Column {
  const text = (row: Row, measure: Measure) => {
    const cell = cellOf(row, where);
    return `${milliseconds(measure.value(cell, mean))} / ${milliseconds(measure.value(cell, p99))}`;
  };
  return { title, text };
}

export function markdown({ title, columns, rows }: Table, measure: Measure): string {
  const table = markdownTable(
    ['weights, `balance`', ...columns.map((column) => column.title)],
    rows.map((row) => [row.title, ...columns.map(({ text }) => text(row, measure))]),
    { numbers: true },
  );
  return `**${title}**\n\n${table}`;
}
