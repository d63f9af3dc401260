import { constants, type Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { z } from 'zod';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { currentScenarioName } from '../../testbed/simulator/scenario-names.ts';
import { damaged } from './damage.ts';
import { type Cell, cellSchema, type Run, runSchema } from './record.ts';

const mebibyte = 2 ** 20;
/** Much larger than a cell or a run, and small enough to read into memory. */
const maxCompressedBytes = 16 * mebibyte;
const maxTextBytes = 128 * mebibyte;
const maxRunBytes = mebibyte;

const unzip = promisify(gunzip);

/** The facts of the whole run. Errors: a Problem that names the file. */
export async function readRun(folder: string): Promise<Run> {
  const file = join(folder, 'run.json');
  return parse(runSchema, file, (await readLimited(file, maxRunBytes)).toString('utf8'));
}

/**
 * Every cell of the folder, by name, one at a time in memory. A file not named `raw/SCENARIO/CONTENDER-REPETITION.json.gz` is
 * ignored, such as a file that was being written. Errors: a Problem that names the file.
 */
export async function* readCells(folder: string): AsyncGenerator<Cell> {
  for (const file of await cellFiles(join(folder, 'raw'))) yield await readCell(file);
}

/** Errors: a Problem that names the file. */
export async function readCell(file: string): Promise<Cell> {
  const compressed = await readLimited(file, maxCompressedBytes);
  const text = await unzip(compressed, { maxOutputLength: maxTextBytes }).catch((error: Error) => {
    throw damaged(file, 'cannot be unpacked', error.message);
  });
  const cell = parse(cellSchema, file, text.toString('utf8'));
  const flaw = flawOf(cell) ?? misplaced(cell, file);
  if (flaw !== null) throw damaged(file, flaw);
  return cell;
}

async function cellFiles(raw: string): Promise<string[]> {
  const files: string[] = [];
  for (const scenario of await list(raw)) {
    if (!scenario.isDirectory()) continue;
    const folder = join(raw, scenario.name);
    for (const { name } of await list(folder)) if (/^[^.].*-\d+\.json\.gz$/.test(name)) files.push(join(folder, name));
  }
  return files.toSorted();
}

/** A folder without a cell is not damaged. A missing folder is noticed by `run.json`. */
async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw damaged(folder, 'cannot be read', (error as Error).message);
  }
}

async function readLimited(file: string, maxBytes: number): Promise<Buffer> {
  try {
    // opening a FIFO of that name would wait for a writer
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = await handle.stat();
    if (size > maxBytes) throw damaged(file, `is larger than ${maxBytes / mebibyte} MiB`);
    return await handle.readFile();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw damaged(file, 'cannot be read', (error as Error).message);
    throw new ProblemError({
      code: 'results-damaged',
      where: file,
      what: 'there is no such file',
      fix: 'Give the folder that the experiment wrote to.',
    });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, file: string, text: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(file, 'is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(file, `${issue?.path.join('.') || 'the document'} is invalid`, issue?.message);
}

function flawOf({ requests, samples, servers }: Cell): string | null {
  const sent = requests.atMs.length;
  if (Object.values(requests).some((column) => column.length !== sent)) return 'columns of requests differ in length';
  if (sent === 0) return 'holds no request';
  if (requests.server.some((index) => index < -1 || index >= servers.length)) return 'a request has an unknown server';
  const perServer = [samples.weights, samples.utilisation, samples.up];
  if (perServer.some((columns) => columns.length !== servers.length)) return 'samples are not of every server';
  if (perServer.some((columns) => columns.some(({ length }) => length !== samples.atMs.length)))
    return 'columns of samples differ in length';
  return null;
}

/** A copy of a file under another name would count twice. */
function misplaced({ scenario, contender, repetition }: Cell, file: string): string | null {
  const expected = join('raw', scenario, `${contender}-${repetition}.json.gz`);
  const folder = dirname(file);
  const place = join(dirname(folder), currentScenarioName(basename(folder)), basename(file));
  return place.endsWith(expected) ? null : `holds the cell ${quote(expected)}, not ${quote(basename(file))}`;
}
