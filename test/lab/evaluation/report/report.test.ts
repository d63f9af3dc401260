import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { matrices } from '../../../../lab/evaluation/matrix.ts';
import type { MatrixName } from '../../../../lab/evaluation/scenarios.ts';
import { MarkedProgram } from '../../../support/marked-program.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { cellOf, madeUpCell, requestsOf, run, writeCell, writeRun } from './results-folder.ts';

const program = 'lab/evaluation/report/main.ts';

async function fill(folder: string, matrix: MatrixName): Promise<void> {
  await writeRun(folder, { ...run, matrix, repetitions: 1 });
  const { contenders, scenarios } = matrices[matrix];
  for (const contender of contenders)
    for (const scenario of scenarios) await writeCell(folder, madeUpCell(scenario.name, contender.name, 1));
}

test('a complete run gives exit code 0, and the same bytes every time', async (t) => {
  await using folder = await temporaryFolder();
  await fill(folder.path, 'quick');
  const report = join(folder.path, 'report');
  const read = async () =>
    Promise.all(
      (await readdir(report)).toSorted().map(async (name) => [name, await readFile(join(report, name), 'utf8')]),
    );
  await using first = new MarkedProgram(program, '--results', folder.path);
  t.deepEqual(await first.end(), { code: 0, signal: null }, first.errors);
  t.regex(first.output, /report: 30 cells count, 0 were discarded, 0 are missing\.\n$/);
  const files = await read();
  t.deepEqual(
    files.map(([name]) => name),
    [
      'cells.csv',
      'figure-4.svg',
      'figure-5-2.svg',
      'figure-6.svg',
      'figure-7-240.svg',
      'overview-mean.svg',
      'overview-p99.svg',
      'report.md',
      'summary.csv',
    ],
  );
  await rm(report, { recursive: true });
  await using second = new MarkedProgram(program, '--results', folder.path);
  t.is((await second.end()).code, 0, second.errors);
  t.deepEqual(await read(), files);
});

test('CSV files have a row for each cell and for each contender of a scenario', async (t) => {
  await using folder = await temporaryFolder();
  await writeRun(folder.path);
  const outcomes = (ms: number) =>
    requestsOf([
      [ms, 200],
      [2_000, 200],
      [5, 503],
    ]);
  await writeCell(folder.path, cellOf({ requests: outcomes(100) }));
  await writeCell(folder.path, cellOf({ repetition: 2, requests: outcomes(300.1234567) }));
  await using report = new MarkedProgram(program, '--results', folder.path);
  t.is((await report.end()).code, 1, 'cells are missing');
  const csv = async (name: string) => (await readFile(join(folder.path, 'report', name), 'utf8')).split('\n');
  t.deepEqual(await csv('cells.csv'), [
    'scenario,contender,repetition,seed,sent,mean_ms,p50_ms,p90_ms,p99_ms,charged_mean_ms,charged_p99_ms,within_second,slow,failed,failed_none,' +
      'failed_500,failed_502,failed_503,failed_504,failed_other,p99_lag_ms,share_s1,share_s2,share_s3,share_s4,share_s5',
    'steady-50,roundrobin,1,100,3,1050,100,2000,2000,2366.67,5000,0.333333,1,1,0,0,0,1,0,0,1,0.5,0.5,0,0,0',
    'steady-50,roundrobin,2,200,3,1150.06,300.123,2000,2000,2433.37,5000,0.333333,1,1,0,0,0,1,0,0,1,0.5,0.5,0,0,0',
    '',
  ]);
  const [head = '', row = '', ...rest] = await csv('summary.csv');
  t.true(head.startsWith('scenario,contender,repetitions,mean_ms,mean_ms_min,mean_ms_max,p50_ms,'));
  t.true(row.startsWith('steady-50,roundrobin,2,1100.03,1050,1150.06,200.062,100,300.123,'), row);
  t.is(row.split(',').length, head.split(',').length);
  t.deepEqual(rest, ['']);
});

const documents = ['evaluation.md', 'evaluation-tables.md', 'limits.md'];

async function copyDocuments(folder: string): Promise<void> {
  for (const name of documents)
    await copyFile(new URL(`../../../../docs/${name}`, import.meta.url), join(folder, name));
}

test('the documents take the parts of all runs, with separate names for their figures', async (t) => {
  await using folder = await temporaryFolder();
  await copyDocuments(folder.path);
  for (const matrix of ['full', 'publication', 'limits'] as const) {
    const results = join(folder.path, matrix);
    await fill(results, matrix);
    await using report = new MarkedProgram(program, '--results', results, '--docs', folder.path);
    t.is((await report.end()).code, 0, report.errors);
  }
  const texts = await Promise.all(documents.map((name) => readFile(join(folder.path, name), 'utf8')));
  const text = texts.join('\n');
  const figures = await readdir(join(folder.path, 'figures'));
  const shown = [...text.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, path]) => path);
  t.deepEqual(shown.toSorted(), figures.map((name) => `figures/${name}`).toSorted());
  t.is(figures.length, 20);
  t.notRegex(text, /Not measured|not measured|NaN|undefined|null/);
  t.is([...text.matchAll(/\*\*(better|reproduced|not reproduced)\*\* \|/g)].length, 16);
});

test('a quick run is not put into the documents', async (t) => {
  await using folder = await temporaryFolder();
  await writeRun(folder.path, { ...run, matrix: 'quick' });
  await using report = new MarkedProgram(program, '--results', folder.path, '--docs', folder.path);
  t.is((await report.end()).code, 2);
  t.is(report.errors, 'experiment:report: --docs: the documents show no run of matrix quick\n');
});

test('an unreadable or unwritable file gives one line and exit code 2', async (t) => {
  await using folder = await temporaryFolder();
  await using nothing = new MarkedProgram(program, '--results', folder.path);
  t.is((await nothing.end()).code, 2);
  t.regex(nothing.errors, /^experiment:report: \/.*run\.json: there is no such file\. Give the folder .*\n$/);
  await writeRun(folder.path);
  const flags = ['--results', folder.path, '--docs', folder.path];
  await using unread = new MarkedProgram(program, ...flags);
  t.is((await unread.end()).code, 2);
  t.regex(unread.errors, /^experiment:report: \/.*evaluation\.md: cannot be read; got "ENOENT.*\n$/);
  await copyDocuments(folder.path);
  await writeFile(join(folder.path, 'figures'), 'a file, not a folder');
  await writeCell(folder.path, madeUpCell('flash-188', 'roundrobin', 1));
  await using unwritten = new MarkedProgram(program, ...flags);
  t.is((await unwritten.end()).code, 2);
  t.regex(unwritten.errors, /^experiment:report: \/.*figures\/overview-mean\.svg: cannot be written; got ".*\n$/);
});

test('experiment:report --help has examples and fits 80 columns, and a missing flag is refused', async (t) => {
  await using help = new MarkedProgram(program, '--help');
  t.is((await help.end()).code, 0);
  t.regex(help.output, /Examples:\n {2}npm run/);
  t.deepEqual(
    help.output.split('\n').filter((line) => line.length > 80),
    [],
  );
  await using bare = new MarkedProgram(program);
  t.is((await bare.end()).code, 2);
  t.regex(bare.errors, /required option '--results <folder>' not specified/);
});
