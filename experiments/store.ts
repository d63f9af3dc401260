import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ProblemError, quote } from '../contract/problem.ts';
import { type Cell, cellSchema, type Run, runSchema } from './record.ts';

type CellKey = Pick<Cell, 'scenario' | 'contender' | 'repetition'>;

/** The largest raw file that is read, uncompressed, in bytes; ours have a few hundred kB. */
const maxCellBytes = 64 * 1024 * 1024;

/** A folder of results: `run.json` and `raw/SCENARIO/CONTENDER-REPETITION.json.gz`. */
export class Store {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** null: nothing was begun here. Throws a ProblemError where the file is damaged. */
  readRun(): Run | null {
    const file = join(this.folder, 'run.json');
    if (!existsSync(file)) return null;
    return parse(file, readFileSync(file, 'utf8'), runSchema);
  }

  writeRun(run: Run): void {
    this.#write('run.json', `${JSON.stringify(run, null, 2)}\n`);
  }

  /** Whether this cell was measured and counts. What is damaged does not count: it is measured again. */
  has(key: CellKey): boolean {
    const file = join(this.folder, pathOf(key));
    if (!existsSync(file)) return false;
    try {
      const text = gunzipSync(readFileSync(file), { maxOutputLength: maxCellBytes }).toString();
      return parse(file, text, cellSchema).discarded === null;
    } catch {
      return false;
    }
  }

  write(cell: Cell): void {
    this.#write(pathOf(cell), gzipSync(JSON.stringify(cellSchema.parse(cell)), { level: 9 }));
  }

  /** Whole or not at all, also when we are killed meanwhile. */
  #write(path: string, content: string | Buffer): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.part`, content);
    renameSync(`${file}.part`, file);
  }
}

function pathOf({ scenario, contender, repetition }: CellKey): string {
  return join('raw', scenario, `${contender}-${repetition}.json.gz`);
}

function parse<Value>(file: string, text: string, schema: { parse(value: unknown): Value }): Value {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ProblemError({
      code: 'results-damaged',
      where: file,
      what: 'not what an experiment writes',
      got: quote((cause as Error).message.replaceAll(/\s+/g, ' '), 200),
      mend: 'Choose another folder with --out, or remove this one.',
    });
  }
}
