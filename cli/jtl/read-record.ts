import { type ColumnName, type Columns, inferColumns, readColumns } from './columns.ts';
import { type CsvRecord, fieldsOf } from './csv.ts';
import { joinTorn, saysFailure, withoutEmptyEnd } from './repair.ts';
import { type JtlSample, readSample } from './sample.ts';
import { timeOf } from './values.ts';

/** What a record of a result file is. */
export type Outcome =
  | { readonly kind: 'sample'; readonly sample: JtlSample; readonly hasOtherColumns: boolean }
  | { readonly kind: 'header'; readonly columns: Columns }
  | { readonly kind: 'damage'; readonly what: string; readonly isFailure: boolean };

/** Reads what there is of a record. Pure. */
export function readRecord({ text, rest, damage, isCut }: CsvRecord, columns: Columns): Outcome {
  const record = text ?? rest;
  const fields = withoutEmptyEnd(fieldsOf(record, columns.delimiter), columns.count);
  const isFull = fields.length === columns.count && (!isCut || endsWhole(fields, columns));
  const read = isFull ? readSample(fields, columns) : null;
  if (read?.ok === true) return { kind: 'sample', sample: read.value, hasOtherColumns: false };
  if (!isCut) {
    const header = headerIn(record);
    if (header !== null) return { kind: 'header', columns: header };
    const joined = joinTorn(fields, columns);
    const sample = joined === null ? null : readSample(joined, columns);
    if (sample?.ok === true) return { kind: 'sample', sample: sample.value, hasOtherColumns: false };
    const other = damage === null && fields.length !== columns.count ? withOtherColumns(record, fields, columns) : null;
    if (other !== null) return { kind: 'sample', sample: other, hasOtherColumns: true };
  }
  const why = read?.ok === false ? read.error : `${fields.length} columns; expected ${columns.count}`;
  return { kind: 'damage', what: damage ?? why, isFailure: saysFailure(fields, columns) };
}

function headerIn(record: string): Columns | null {
  if (!/timestamp/i.test(record)) return null;
  const columns = readColumns(record);
  return columns.ok ? columns.value : null;
}

/** A run with other settings, appended to this file, has no header of its own; or the end of a line is missing. */
function withOtherColumns(record: string, fields: readonly string[], columns: Columns): JtlSample | null {
  const isShort = fields.length < columns.count && isBeforeEnd(fields.length, columns);
  const short = isShort ? readSample(fields, columns) : null;
  if (short?.ok === true) return short.value;
  const inferred = inferColumns(record);
  const sample = inferred === null ? null : readSample(fieldsOf(record, inferred.delimiter), inferred);
  return sample?.ok === true ? sample.value : null;
}

/** Whether the figures of a short line are complete: the last field may be cut. */
function isBeforeEnd(length: number, { at }: Columns): boolean {
  return (at.get('elapsed') ?? length) < length - 1 && (at.get('success') ?? length) < length;
}

/** Columns that show whether they are complete, or are not read. The others could be longer in the complete line. */
function endsWhole(fields: readonly string[], { at, count }: Columns): boolean {
  const isLast = (name: ColumnName) => at.get(name) === count - 1;
  if (isLast('due') || isLast('timeStamp')) return timeOf(fields.at(-1)?.trim() ?? '') !== null;
  return !(['elapsed', 'label', 'server', 'responseCode'] as const).some(isLast);
}
