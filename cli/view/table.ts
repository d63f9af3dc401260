import { clip, type Tone, toned } from '../../shared/terminal/text.ts';

export interface Column<Row> {
  readonly title: string;
  /** In characters. */
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | null;
}

/** Rows under their titles, one space between columns, no line longer than the widths add up to. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cell: (column: Column<Row>) => string) => columns.map(cell).join(' ').trimEnd();
  const titles = line((column) => pad(column.title, column));
  const body = rows.map((row) => line((column) => toned(pad(column.text(row), column), column.tone?.(row) ?? null)));
  return [titles, ...body].join('\n');
}

function pad<Row>(text: string, { width, align }: Column<Row>): string {
  const cell = clip(text, width);
  return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
}
