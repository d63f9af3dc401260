import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ProblemError, quote } from '../../../shared/contract/problem.ts';
import { cellsCsv, summaryCsv } from './csv.ts';
import { updateDocument } from './document.ts';
import { figuresOf } from './figures/all.ts';
import type { Figure } from './figures/figure.ts';
import { type Parts, partsForDocument, partsOf, prefixOf } from './parts.ts';
import { type Results, readResults } from './results.ts';

export interface ReportOptions {
  /** Markdown whose generated parts are brought up to date. */
  readonly docs?: string;
  /** Where that document's figures go. Default: `figures` beside it. */
  readonly figures?: string;
}

/**
 * Writes tables and figures of a results folder to its subfolder `report`, and to the document where one is given. Errors: a
 * Problem for a damaged file, a document without its markers, or a place that cannot be written to.
 */
export async function writeReport(
  resultsFolder: string,
  { docs, figures: folder }: ReportOptions = {},
): Promise<Results> {
  const results = await readResults(resultsFolder);
  const figures = figuresOf(results);
  const report = join(resultsFolder, 'report');
  await writeFigures(report, figures);
  await write(join(report, 'cells.csv'), cellsCsv(results));
  await write(join(report, 'summary.csv'), summaryCsv(results));
  await write(join(report, 'report.md'), textOf(partsOf(results, figures, '')));
  if (docs !== undefined) await updateDocumentWith(results, figures, docs, folder ?? join(dirname(docs), 'figures'));
  return results;
}

async function updateDocumentWith(
  results: Results,
  figures: readonly Figure[],
  docs: string,
  folder: string,
): Promise<void> {
  const { matrix } = results.run;
  const prefix = prefixOf(matrix);
  if (prefix === null)
    throw new ProblemError({ code: 'usage', where: '--docs', what: `a document shows no run of matrix ${matrix}` });
  const named = figures.map((figure) => ({ ...figure, name: `${prefix}${figure.name}` }));
  const link = `${relative(dirname(docs), folder).replaceAll(sep, '/') || '.'}/${prefix}`;
  const parts = partsForDocument(partsOf(results, figures, link), matrix);
  const text = updateDocument(await read(docs), parts, docs);
  await writeFigures(folder, named);
  await write(docs, text);
}

/** The parts one after the other, for those who have no document around them. */
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
