import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProblemError, quote } from '../../../shared/contract/problem.ts';
import type { MatrixName } from '../scenarios.ts';
import { cellsCsv, summaryCsv } from './csv.ts';
import { updateDocuments } from './document.ts';
import { figuresOf } from './figures/all.ts';
import type { Figure } from './figures/figure.ts';
import { type Parts, partsForDocuments, partsOf, prefixOf } from './parts.ts';
import { type Results, readResults } from './results.ts';

/** Each of the documents of a run may have any of its markers. */
function documentsOf(matrix: MatrixName): readonly string[] {
  return matrix === 'limits' ? ['limits.md'] : ['evaluation.md', 'evaluation-tables.md'];
}

/**
 * Writes tables and figures of a results folder to its subfolder `report`. Where `docs` is given, also brings the generated
 * parts of the documents in that folder up to date, and the figures in its subfolder `figures`. Errors: a Problem for a damaged
 * file, documents without their markers, or a place that cannot be written to.
 */
export async function writeReport(resultsFolder: string, docs?: string): Promise<Results> {
  const results = await readResults(resultsFolder);
  const figures = figuresOf(results);
  const report = join(resultsFolder, 'report');
  await writeFigures(report, figures);
  await write(join(report, 'cells.csv'), cellsCsv(results));
  await write(join(report, 'summary.csv'), summaryCsv(results));
  await write(join(report, 'report.md'), textOf(partsOf(results, figures, '')));
  if (docs !== undefined) await writeDocuments(results, figures, docs);
  return results;
}

async function writeDocuments(results: Results, figures: readonly Figure[], docs: string): Promise<void> {
  const { matrix } = results.run;
  const prefix = prefixOf(matrix);
  if (prefix === null)
    throw new ProblemError({ code: 'usage', where: '--docs', what: `the documents show no run of matrix ${matrix}` });
  const parts = partsForDocuments(partsOf(results, figures, `figures/${prefix}`), matrix);
  const files = documentsOf(matrix).map((name) => join(docs, name));
  const texts = new Map<string, string>();
  // one after the other: of several that cannot be read, the first is named
  for (const file of files) texts.set(file, await read(file));
  const updated = updateDocuments(texts, parts);
  const named = figures.map((figure) => ({ ...figure, name: `${prefix}${figure.name}` }));
  const shown = named.filter(({ name }) => [...parts.values()].some((text) => text.includes(`figures/${name}.svg`)));
  await writeFigures(join(docs, 'figures'), shown);
  for (const [file, text] of updated) await write(file, text);
}

/** The parts one after the other, without a document. */
function textOf(parts: Parts): string {
  return `${['# Report', ...[...parts].map(([name, text]) => `## ${name}\n\n${text}`)].join('\n\n')}\n`;
}

async function writeFigures(folder: string, figures: readonly Figure[]): Promise<void> {
  for (const { name, svg } of figures) await write(join(folder, `${name}.svg`), svg);
}

async function read(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: Error) => {
    throw new ProblemError({ code: 'usage', where: file, what: 'cannot be read', got: quote(error.message) });
  });
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    const got = quote((error as Error).message);
    throw new ProblemError({ code: 'usage', where: file, what: 'cannot be written', got });
  }
}
