import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { type Finished, haweight } from '../../support/process.ts';
import { isRefused } from '../../support/refused.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/* haweight jtl as users run it, on files that were written here. */

const startMs = Date.UTC(2026, 10, 22);
const header = 'timeStamp,elapsed,label,responseCode,responseMessage,success,"server","due"';

interface Request {
  readonly atMs?: number;
  readonly elapsedMs?: number;
  readonly code?: string;
  readonly server?: string;
  readonly lateMs?: number;
}

function line({ atMs = 0, elapsedMs = 20, code = '200', server = 's1', lateMs = 0 }: Request): string {
  const sentAtMs = startMs + atMs;
  return `${sentAtMs},${elapsedMs},steady,${code},OK,${code === '200'},${server},${sentAtMs - lateMs}`;
}

async function jtl(content: string | Buffer, ...args: readonly string[]): Promise<Finished> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'run.jtl');
  await writeFile(file, content);
  return await haweight(['jtl', file, ...args]);
}

interface Figures {
  readonly name?: string;
  readonly requests: number;
  readonly failed: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly withinShare: number;
  readonly errors: readonly { readonly code: string; readonly count: number }[];
}

interface Document {
  readonly all: Figures;
  readonly groups: readonly Figures[];
  readonly load: { readonly perSecond: number; readonly gapVariation: number; readonly late: { maxMs: number } | null };
  readonly warmupRequests: number;
  readonly damagedLines: number;
}

async function json(t: ExecutionContext, content: string, ...args: readonly string[]): Promise<Document> {
  const { code, stdout, stderr } = await jtl(content, '--json', ...args);
  t.is(code, 0, stderr);
  return JSON.parse(stdout) as Document;
}

const text = (requests: readonly Request[]) => `${[header, ...requests.map(line)].join('\n')}\n`;

test.serial('the table has percentiles, share within a second and errors by server, within 80 columns', async (t) => {
  const requests = Array.from({ length: 100 }, (_, index): Request => {
    return { atMs: index * 100, elapsedMs: 1 + index, server: index % 4 === 0 ? 's2' : 's1' };
  });
  const slow = { atMs: 20_000, elapsedMs: 1_500, server: 's10' };
  const failed = [503, 503, 500].map((code) => ({ atMs: 20_100, elapsedMs: 1, code: String(code), server: '-' }));
  const content = text([...requests, slow, ...failed]);
  const { all, groups, load } = await json(t, content);
  t.is(all.requests, 104);
  t.is(all.failed, 3);
  t.deepEqual(all.errors, [
    { code: '503', count: 2 },
    { code: '500', count: 1 },
  ]);
  t.is(all.withinShare, 100 / 104);
  t.is(all.maxMs, 1_500);
  // of those that were answered: an immediate failure is not fast
  t.true(Math.abs(all.p50Ms / 51 - 1) < 0.008, String(all.p50Ms));
  t.true(Math.abs(all.meanMs - (5_050 + 1_500) / 101) < 1e-9);
  t.deepEqual(
    groups.map(({ name, requests: many }) => [name, many]),
    [
      ['-', 3],
      ['s1', 75],
      ['s2', 25],
      ['s10', 1],
    ],
  );
  t.is(load.perSecond, 103 / 20.1);
  const { stdout } = await jtl(content, '--rate', '5');
  t.regex(stdout, /^load: 5\.1 requests\/s \(asked 5: \+2\.5%\) over 20\.1 s\n/);
  t.regex(stdout, /\ns10 +1 +0\.00% +1500 .* 0\.00%\n/);
  t.regex(stdout, /\n {2}-: 2 x 503, 1 x 500\n/);
  for (const each of stdout.split('\n')) t.true(each.length <= 80, each);
});

test.serial("time-outs count with the time they took, under each of JMeter's names", async (t) => {
  const code = 'Non HTTP response code: java.net.SocketTimeoutException';
  const refused = 'Non HTTP response code: org.apache.http.conn.HttpHostConnectException';
  const { all } = await json(
    t,
    text([{ elapsedMs: 10 }, { elapsedMs: 5_000, code, server: '-' }, { elapsedMs: 0, code: refused, server: 'null' }]),
  );
  t.is(all.meanMs, 2_505);
  t.deepEqual(
    all.errors.map(({ code }) => code),
    ['SocketTimeoutException', 'HttpHostConnectException'],
  );
});

test.serial('any order of columns, any delimiter, quoted fields and a second header are read', async (t) => {
  for (const delimiter of [';', '\t', '|', ':']) {
    const names = ['success', 'server', 'responseMessage', 'elapsed', 'timeStamp'].join(delimiter);
    const message = `"it said ""no${delimiter}thing""\nat all"`;
    const lines = [1, 2, 3].map((each) =>
      ['true', 's1', message, String(each), String(startMs + each)].join(delimiter),
    );
    const { all, load, damagedLines } = await json(t, `\uFEFF${[names, lines[0], names, ...lines].join('\r\n')}\r\n`);
    // the second header has no byte order mark
    t.is(damagedLines, 0);
    t.is(all.requests, 4);
    t.is(all.maxMs, 3);
    t.is(load.late, null);
  }
});

test.serial('the load is described by its rate, its gaps, and whether requests were sent when due', async (t) => {
  const metronome = Array.from({ length: 200 }, (_, index): Request => ({ atMs: index * 20 }));
  const regular = await json(t, text(metronome));
  t.true(regular.load.gapVariation < 0.001);
  let [atMs, seed] = [0, 1];
  const poisson = Array.from({ length: 3_000 }, (): Request => {
    seed = (seed * 48_271) % 2_147_483_647;
    atMs += -20 * Math.log(seed / 2_147_483_647);
    return { atMs: Math.round(atMs) };
  });
  // ordered by their ends, as JMeter writes them
  const { load } = await json(
    t,
    text(poisson.toSorted((one, other) => ((one.atMs ?? 0) % 77) - ((other.atMs ?? 0) % 77))),
  );
  t.true(Math.abs(load.gapVariation - 1) < 0.06, String(load.gapVariation));
  t.true(Math.abs(load.perSecond / 50 - 1) < 0.06, String(load.perSecond));

  const late = text(metronome.map((request, index) => ({ ...request, lateMs: index < 10 ? 900 : 1 })));
  t.regex((await jtl(late)).stdout, /\nsent after they were due: p50 1\.0, p99 900, max 900 ms\n! the load lagged/);
  t.notRegex((await jtl(late, '--warmup', '1s')).stdout, /! the load lagged/);
  t.is((await json(t, late)).all.maxMs, 20);
  t.is((await json(t, late, '--from-due')).all.maxMs, 920);
  t.is((await json(t, late, '--warmup', '1s')).warmupRequests, 50);
  t.is((await json(t, late, '--within', '10ms')).all.withinShare, 0);
});

test.serial('of an interrupted run whole lines count, the cut one is named, and the exit code is 1', async (t) => {
  const content = text([{}, {}, {}]);
  const { code, stdout, stderr } = await jtl(content.slice(0, -5), '--json');
  t.is(code, 1);
  t.regex(stderr, /^.*run\.jtl:4: the line is cut off\n$/);
  t.is((JSON.parse(stdout) as Document).all.requests, 2);
  t.regex((await jtl(content.slice(0, -5))).stdout, /\n! left out: 1 damaged line\n/);
});

test.serial('damaged lines are named and left out, and one stray quote damages only its own line', async (t) => {
  const good = line({});
  const damaged = [
    good.replace(',steady,', ',"steady,'),
    good.replace(/^\d+/, '99999999999999'),
    good.replace(',20,', ',-3,'),
    good.replace(',20,', ',1e9,'),
    good.replace(',true,', ',perhaps,'),
    'x'.repeat(2_000_000),
    `${startMs},20`,
  ];
  const { code, stdout, stderr } = await jtl(`${[header, good, ...damaged, good, good].join('\n')}\n`, '--json');
  t.is(code, 1);
  const { all, damagedLines } = JSON.parse(stdout) as Document;
  t.is(damagedLines, damaged.length, stderr);
  t.is(all.requests, 3);
  t.regex(stderr, /:3: a quoted field does not end\n/);
  t.regex(stderr, /:4: timeStamp is not a valid time in ms: "99999999999999"\n/);
  t.regex(stderr, /\n2 more damaged lines\n$/);
});

test.serial("control characters in a server's name do not reach the terminal", async (t) => {
  const { stdout } = await jtl(text([{ server: '\u001b[2Js1' }, { code: '\u001b[31m' }]));
  t.regex(stdout, /\n\?\[2Js1/);
  t.false(stdout.includes('\u001b'));
});

test.serial("for a file without the server's column one line says how to get it, and all requests count", async (t) => {
  const { code, stdout, stderr } = await jtl(`timeStamp,elapsed,success\n${startMs},5,true\n`);
  t.is(code, 0);
  t.regex(stderr, /there is no column server. docs\/load-testing.md says how to record it/);
  t.regex(stdout, /\nall +1 /);
  t.is((await jtl(`timeStamp,elapsed,success\n${startMs},5,true\n`, '--from-due')).code, 2);
});

const refused: readonly (readonly [what: string, content: string | Buffer, line: RegExp])[] = [
  ['an empty file', '', /run\.jtl: the file is empty; expected a CSV result file/],
  [
    'a binary file',
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 10, 0, 0]),
    /not a result file of JMeter.*binary data/,
  ],
  [
    'a long file without lines',
    Buffer.alloc(3_000_000, 'x'),
    /the names of the columns are missing: the line is longer than 1048576 bytes/,
  ],
  ['a file of NUL bytes', Buffer.alloc(3_000_000), /run\.jtl: the file holds only NUL bytes/],
  ['a gzip file', gzipSync(text([{}])), /compressed with gzip; expected a CSV result file.*gunzip FILE/],
  ['a zip file', Buffer.from('PK\u0003\u0004xl'), /a zip archive, as of a spreadsheet/],
  [
    'text that is no table',
    'Creating summariser <summary>\nend of run\n',
    /the names of the columns are missing.*got "Creating/,
  ],
  [
    'XML',
    '<?xml version="1.0"?>\n<testResults version="1.2">\n',
    /not a CSV file.*got "<\?xml.*-q and the plans' jtl\.properties/,
  ],
  [
    'no timeStamp',
    'elapsed,success\n20,true\n',
    /got no timeStamp\. Set jmeter\.save\.saveservice\.timestamp_format=ms/,
  ],
  ['a missing column', `timeStamp,label,success\n${startMs},a,true\n`, /a column is missing.*got no elapsed/],
  ['nothing but a header', `${header}\n`, /no request counts; expected one, got none/],
];
for (const [what, content, said] of refused) {
  test.serial(`${what} is refused in one line`, async (t) => {
    isRefused(t, await jtl(content), said);
  });
}

test.serial('a folder, a device and a missing file are refused in one line', async (t) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'a.jtl'));
  isRefused(t, await haweight(['jtl', join(folder.path, 'a.jtl')]), /a\.jtl: cannot be read.*not a regular file/);
  isRefused(t, await haweight(['jtl', '/dev/zero']), /\/dev\/zero: cannot be read.*not a regular file/);
  isRefused(t, await haweight(['jtl', join(folder.path, 'none')]), /none: cannot be read.*ENOENT/);
});

for (const [flag, value] of [
  ['--within', '-1s'],
  ['--warmup', 'soon'],
  ['--rate', '0'],
  ['--by', 'code'],
] as const) {
  test.serial(`haweight jtl ${flag} ${value} is refused with exit code 2`, async (t) => {
    const { code, stdout } = await jtl(text([{}]), flag, value);
    t.is(code, 2);
    t.is(stdout, '');
  });
}
