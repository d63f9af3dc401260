import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { allScenarioNames } from '../../testbed/simulator/scenario-names.ts';
import type { Block } from './matrix.ts';
import { readCell, readRun } from './read.ts';
import { type Cell, cellSchema, type Run } from './record.ts';

type CellKey = Pick<Cell, 'scenario' | 'contender' | 'repetition'>;

/** A folder of results: `run.json` and `raw/SCENARIO/CONTENDER-REPETITION.json.gz`. */
export class Store {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** null: no run has begun here. Throws a ProblemError if the file is damaged. */
  async readRun(): Promise<Run | null> {
    return existsSync(join(this.folder, 'run.json')) ? await readRun(this.folder) : null;
  }

  async writeRun(run: Run): Promise<void> {
    await this.#write('run.json', `${JSON.stringify(run, null, 2)}\n`);
  }

  async write(cell: Cell): Promise<void> {
    await this.#write(pathOf(cell), gzipSync(JSON.stringify(cellSchema.parse(cell)), { level: 9 }));
  }

  /** The scenarios of these blocks that are still to be measured, without blocks that are complete. */
  async missingOf(blocks: readonly Block[]): Promise<readonly Block[]> {
    const left: Block[] = [];
    for (const { contender, repetition, scenarios } of blocks) {
      const missing: Block['scenarios'][number][] = [];
      for (const scenario of scenarios) {
        if (!(await this.#counts({ scenario: scenario.name, contender: contender.name, repetition })))
          missing.push(scenario);
      }
      if (missing.length > 0) left.push({ contender, repetition, scenarios: missing });
    }
    return left;
  }

  /** Whether this cell was measured and counts. A damaged cell does not count: it is measured again. */
  async #counts(key: CellKey): Promise<boolean> {
    const paths = allScenarioNames(key.scenario).map((scenario) => join(this.folder, pathOf({ ...key, scenario })));
    const file = paths.find((path) => existsSync(path));
    return (
      file !== undefined &&
      (await readCell(file).then(
        ({ discarded }) => discarded === null,
        () => false,
      ))
    );
  }

  /** Writes the whole file or nothing, even when this process is killed. */
  async #write(path: string, content: string | Buffer): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, content);
    await rename(`${file}.part`, file);
  }
}

function pathOf({
  scenario,
  contender,
  repetition,
}: Omit<CellKey, 'scenario'> & { readonly scenario: string }): string {
  return join('raw', scenario, `${contender}-${repetition}.json.gz`);
}
