import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import { splitLines } from '../../shared/lines.ts';
import { type Columns, readColumns } from './columns.ts';
import { maxRecordBytes, records } from './csv.ts';
import { type JtlSample, readSample } from './sample.ts';

/** The columns of a result file, and its samples. A damaged line is a Problem; the lines after it are read. */
export interface JtlFile {
  readonly columns: Columns;
  readonly samples: AsyncGenerator<Result<JtlSample, Problem>>;
}

/** Reads one record at a time. Throws a ProblemError if the file cannot be read or is not a result file. */
export async function openJtl(path: string): Promise<JtlFile> {
  const lines = records(splitLines(chunksOf(path), maxRecordBytes));
  // check before opening: opening a pipe would wait for a writer
  await checkRegular(path);
  const first = await lines.next();
  if (first.done === true) throw new ProblemError(invalid(path, { what: 'the file is empty', expected }));
  if (first.value.text === null) {
    throw new ProblemError(
      invalid(path, { what: `the names of the columns are missing: ${first.value.damage}`, expected }),
    );
  }
  const columns = readColumns(first.value.text);
  if (!columns.ok) throw new ProblemError(invalid(path, columns.error));
  return { columns: columns.value, samples: samplesOf(path, columns.value, lines) };
}

const expected = 'a CSV result file of JMeter (-l FILE)';

async function* samplesOf(path: string, columns: Columns, lines: ReturnType<typeof records>): JtlFile['samples'] {
  for await (const { text, line, damage } of lines) {
    const where = `${path}:${line}`;
    if (text === null) {
      yield err({ code: 'jtl-damaged', where, what: damage ?? 'unreadable' });
    } else if (text !== '' && text !== columns.header) {
      const sample = readSample(text, columns);
      yield sample.ok ? sample : err({ code: 'jtl-damaged', where, what: sample.error });
    }
  }
}

async function checkRegular(path: string): Promise<void> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw Object.assign(new Error('no file'), { code: 'not a regular file' });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): ProblemError {
  const got = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new ProblemError({ code: 'jtl-unreadable', where: path, what: 'cannot be read', expected, got });
}

export function invalid(path: string, rest: Omit<Problem, 'code' | 'where'>): Problem {
  return { code: 'jtl-invalid', where: path, ...rest };
}
