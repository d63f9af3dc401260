import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { haweight } from '../../support/process.ts';
import { isRefused } from '../../support/refused.ts';
import { fieldFile, readContent, readFieldFile } from './read.ts';

/* Result files as they come back: appended, joined, without names, from spreadsheets and scripts, in other encodings. */

const startMs = 1_764_200_000_000;
const header = 'timeStamp,elapsed,label,responseCode,success,Latency';
const line = (index: number, elapsed: number | string = 20, time: number | string = startMs + index * 100) =>
  `${time},${elapsed},GET /a,200,true,19`;
const lines = (count: number) => Array.from({ length: count }, (_, index) => line(index));
const jtl = (rows: readonly string[], names = header) => `${[names, ...rows].join('\n')}\n`;

async function faultOf(t: { fail: (why: string) => void }, content: string | Buffer) {
  try {
    await readContent(content);
  } catch (cause) {
    if (cause instanceof ProblemError) return cause.problem;
    throw cause;
  }
  t.fail('it was read');
  return { code: 'none', what: '', fix: '' };
}

test('an appended run with another order of columns is read by its own header', async (t) => {
  const { summary, damages } = await readFieldFile(fieldFile('appended-other-order.jtl'));
  t.deepEqual(damages, []);
  t.is(summary.all.requests, 20);
  t.is(summary.all.meanMs, 1_010);
});

test('joined files may have more, fewer and other columns, and another delimiter', async (t) => {
  const second = `success;elapsed;timeStamp;label\ntrue;500;${startMs + 5_000};GET /b\n`;
  const third = `"timeStamp"\t"success"\t"elapsed"\n${startMs + 9_000}\tFALSE\t700\n`;
  const { summary, damages, groups } = await readContent(jtl(lines(3)) + second + third + jtl(lines(1)));
  t.deepEqual(damages, []);
  t.deepEqual(groups, { 'GET /a': [4, 0], 'GET /b': [1, 0], '-': [1, 1] });
  t.is(summary.load.seconds, 9);
});

test('a run that was appended without a header is read although it has other columns', async (t) => {
  const other = `${startMs + 900},70,GET /b,503,No,Users 1-1,text,false,,12,7\n`;
  const fewer = `${startMs + 950},30,GET /c,200,true\n`;
  const { groups, damages, assumptions } = await readContent(jtl(lines(3)) + other + other + fewer);
  t.deepEqual(groups, { 'GET /a': [3, 0], 'GET /b': [2, 2], 'GET /c': [1, 0] });
  t.deepEqual(damages, []);
  t.is(assumptions.length, 1);
  t.regex(assumptions[0] ?? '', /lines have other columns than the header/);
});

test('a file without names of the columns is read in the order of JMeter, and says so', async (t) => {
  const { groups, summary, assumptions } = await readFieldFile(fieldFile('no-header-pipe.jtl'));
  t.deepEqual(groups, { 'Home Page': [5, 0] });
  t.is(summary.all.meanMs, 807);
  t.regex(assumptions.join(), /no names of the columns/);
  const real = await readFieldFile(fieldFile('jmeter-2.13-without-names.jtl'));
  t.deepEqual(real.groups, { 'GET /cart, all': [6, 0], 'GET /fail': [6, 6], 'GET /login': [6, 6], 'item-1': [6, 0] });
  t.is(real.leftOut.transactions.count, 12);
  const { code, stdout, stderr } = await haweight(['jtl', fieldFile('no-header-pipe.jtl'), '--by', 'label']);
  t.is(code, 0);
  t.regex(stdout, /\n! there are no names of the columns: they are taken to be in JMeter's own order\n/);
  t.regex(stderr, /^.*no-header-pipe\.jtl: there are no names.*print_field_names=true\n$/);
});

test('lines before the header are named, and what follows is read', async (t) => {
  const content = `e /a,200,true,19\nCreating summariser <summary>\n\n${jtl(lines(4))}`;
  const { summary, leftOut } = await readContent(content);
  t.is(summary.all.requests, 4);
  t.is(leftOut.damagedLines, 2);
});

test('dates with the year first are read, and the setting that avoids them is named', async (t) => {
  const { summary, assumptions } = await readFieldFile(fieldFile('timestamps-as-dates.jtl'));
  t.is(summary.all.requests, 10);
  t.is(summary.load.seconds, 9.9);
  t.deepEqual(assumptions, ['times are dates, without a time zone']);
  const { code, stderr } = await haweight(['jtl', fieldFile('timestamps-as-dates.jtl'), '--by', 'label']);
  t.is(code, 0);
  t.regex(stderr, /jmeter\.save\.saveservice\.timestamp_format=ms/);
  const forms = ['2025-11-26T23:33:20.000Z', '2025-11-27 00:33:20,500+01:00', '2025.11.26 23:33:21'];
  const found = await readContent(
    jtl(forms.map((time, index) => line(index, 20, time)).map((each) => each.replace('20,500', '20.500'))),
  );
  t.is(found.summary.load.seconds, 1);
  t.is(found.summary.all.requests, 3);
});

for (const [what, time] of [
  ['are dates', '11/26/2025 23:33'],
  ['are dates', '26.11.2025 23:33:20.000'],
  ['are dates', '11/12/25 1:33 PM'],
  ['are dates', 'Nov 26, 2025 23:33:20'],
  ['spreadsheet rounded', '1.7642E+12'],
  ['are in seconds', '1764200000'],
  ['are in seconds', '1764200000.123'],
  ['are in us or ns', '1764200000000000'],
] as const) {
  test(`times such as ${time} are refused in one line that names the setting`, async (t) => {
    const failure = `0,0,"GET /a",x,false,0`;
    const { code, what: said, fix } = await faultOf(t, jtl([failure, line(0, 20, `"${time}"`)]));
    t.is(code, 'jtl-invalid');
    t.regex(said, new RegExp(what));
    t.regex(fix ?? '', /jmeter\.save\.saveservice\.timestamp_format=ms/);
  });
}

test('a file in which a spreadsheet rounded the times is refused in one line', async (t) => {
  isRefused(
    t,
    await haweight(['jtl', fieldFile('resaved-by-spreadsheet.csv')]),
    /a spreadsheet rounded the times.*1,7642E\+12.*timestamp_format=ms/,
  );
});

test('spreadsheets may change delimiters, line ends, words and numbers', async (t) => {
  const content = [
    '\uFEFFsep=;',
    'Label;ELAPSED;timestamp;"success";responseCode;;',
    'GET /a;1.234;1.764.200.000.000;WAHR;200;;',
    'GET /a;20;1.764.200.000.100;WAHR;200;;',
    "GET /a;1'020;1'764'200'000'200;VRAI;200;;",
    'GET /a;20,5;1764200000300;TRUE;200;;',
    'GET /a;20.0;1764200000400.0;True;200;;',
    'GET /a;1 020;1\u00a0764\u00a0200\u00a0000\u00a0500;yes;200',
    'GET /a;0,9;1764200000600;1;200;;',
    'GET /a;30;1764200000700;FALSCH;503;;',
    'GET /a;;;ложь;;;',
  ].join('\r\n');
  const { groups, damages, summary, leftOut } = await readContent(`${content}\r\n`);
  // 1.234 may be one or a thousand
  t.deepEqual(damages, ['elapsed is not a time in ms of at most one day: "1.234"']);
  t.deepEqual(groups, { 'GET /a': [8, 2] });
  t.is(summary.all.maxMs, 1_020);
  t.is(leftOut.failedWithoutTime, 1);
});

test('names of columns may be in front, spaced or repeated, as scripts write them', async (t) => {
  const rows = [`0,${startMs},20.0,GET /a,200.0,True,19.0`, `1,${startMs + 100},30.0,GET /a,200.0,False,19.0`];
  const { groups } = await readContent(jtl(rows, ',timeStamp, elapsed, label,responseCode, success ,Latency'));
  t.deepEqual(groups, { 'GET /a': [2, 1] });
});

test('carriage returns, alone or before a newline, end a line, wherever the pieces of the file end', async (t) => {
  const many = lines(9_000);
  for (const end of ['\r', '\r\n'])
    t.is((await readContent([header, ...many, ''].join(end))).summary.all.requests, 9_000);
  const mixed = many.map((each, index) => `${each}${['\n', '\r\n', '\r'][index % 3]}`).join('');
  const { summary, damages } = await readContent(`${header}\r\n${mixed}`);
  t.is(summary.all.requests, 9_000);
  t.deepEqual(damages, []);
});

test('UTF-16 with and without a byte order mark is read', async (t) => {
  const content = jtl(lines(50)).replaceAll('GET /a', 'Büro ☂');
  for (const mark of ['', '\uFEFF']) {
    const little = Buffer.from(mark + content, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [little, big]) t.deepEqual((await readContent(bytes)).groups, { 'Büro ☂': [50, 0] });
  }
});

test('labels of the Western code page are read, and stay different', async (t) => {
  t.deepEqual((await readFieldFile(fieldFile('latin1-label.jtl'))).groups, { 'Büro Übersicht': [3, 0] });
  const content = Buffer.from(jtl(['GET /ä', 'GET /ö'].map((label) => line(0).replace('GET /a', label))), 'latin1');
  t.deepEqual((await readContent(content)).groups, { 'GET /ä': [1, 0], 'GET /ö': [1, 0] });
});

test('NUL bytes are left out and counted, before the header, between lines and within them', async (t) => {
  const nuls = '\0'.repeat(3_000_000);
  const rows = lines(4).map((each, index) => (index === 2 ? `${each.slice(0, 20)}\0\0${each.slice(20)}` : each));
  const { summary, nuls: counted, damages } = await readContent(`${nuls}${jtl(rows)}${nuls}${jtl(rows)}`);
  t.is(summary.all.requests, 8);
  t.is(counted, 6_000_004);
  t.deepEqual(damages, []);
});

test('a last line without a newline counts if it is whole', async (t) => {
  const { summary, damages } = await readContent(jtl(lines(3)).trimEnd());
  t.is(summary.all.requests, 3);
  t.deepEqual(damages, []);
  const cut = await readContent(jtl(lines(3), header).trimEnd().slice(0, -9));
  t.is(cut.summary.all.requests, 2);
  t.deepEqual(cut.damages, ['the line is cut off']);
  // 20 may be the beginning of 2000
  const last = `timeStamp,success,elapsed\n${startMs},true,20\n${startMs},true,20`;
  t.is((await readContent(last)).summary.all.requests, 1);
  const failed = await readContent(
    jtl([...lines(3), `${line(4).replace('true', 'false')}\n${startMs},20,GET /a,503,false,`]).trimEnd(),
  );
  t.is(failed.summary.all.failed, 2);
});

test('empty codes, clocks that run backwards and requests of no length count', async (t) => {
  const rows = [line(9), line(3), line(5, 0), line(1, 86_000_000)].map((each) => each.replace(',200,', ',,'));
  const { summary } = await readContent(jtl(rows));
  t.is(summary.all.requests, 4);
  t.is(summary.load.seconds, 0.8);
  t.is(summary.all.maxMs, 86_000_000);
});

test('a long pause is told: the rate is of several runs', async (t) => {
  const rows = [
    ...lines(50),
    ...Array.from({ length: 50 }, (_, index) => line(index, 20, startMs + 86_400_000 + index)),
  ];
  t.true(((await readContent(jtl(rows))).summary.load.longestGapSeconds ?? 0) > 86_000);
  t.true(((await readContent(jtl(lines(50)))).summary.load.longestGapSeconds ?? 9) < 1);
});

test('the field files are the ones that were found: their bytes are kept', async (t) => {
  t.true((await readFile(fieldFile('latin1-label.jtl'))).includes(0xfc));
  t.regex(await readFile(fieldFile('resaved-by-spreadsheet.csv'), 'utf8'), /^\uFEFF.*\r\n/);
});
