import { readFile } from 'node:fs/promises';
import test from 'ava';
import fc from 'fast-check';
import { haweight } from '../../support/process.ts';
import { fieldFile, readContent, readFieldFile } from './read.ts';

/* What is no request, and failures whose lines are damaged. The files with a version in their names are JMeter's own. */

const header =
  'timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect';
const startMs = 1_764_200_000_000;
const ok = (atMs: number, elapsed: number | string, label: string, thread = 'Users 1-1', message = 'OK') =>
  `${startMs + atMs},${elapsed},${label},200,${message},${thread},text,true,,900,120,1,1,http://shop.example/a,20,0,1`;
const failed = (time: number | string, elapsed: number | string, message = '') =>
  `${time},${elapsed},GET /a,500,No,Users 1-1,text,false,${message},900,120,1,1,http://shop.example/a,20,0,1`;
const jtl = (lines: readonly string[]) => `${[header, ...lines].join('\n')}\n`;
const transaction = (samples: number, failures: number) =>
  `"Number of samples in transaction : ${samples}, number of failing samples : ${failures}"`;

test('requests that failed before they were sent, stamped 1970, count as failed without a time', async (t) => {
  const { summary, groups, leftOut } = await readFieldFile(fieldFile('failures-stamped-1970.jtl'));
  t.deepEqual(groups, { 'GET /a': [100, 20] });
  t.is(summary.all.failedShare, 0.2);
  t.is(summary.all.maxMs, 20);
  t.is(leftOut.failedWithoutTime, 20);
  t.is(summary.load.seconds, 7.9);
  const { code, stdout, stderr } = await haweight(['jtl', fieldFile('failures-stamped-1970.jtl'), '--by', 'label']);
  t.is(code, 0, stderr);
  t.is(stderr, '');
  t.regex(stdout, /\nfailed without a valid time: 20 requests\n/);
  t.regex(stdout, /\nall +100 +20\.00% .* 80\.00%\n/);
});

test('a failure with a negative, huge or missing elapsed counts, with the time when it was sent', async (t) => {
  const lines = ['-1764200000000', '999999999999', '', 'NaN'].map((elapsed) => failed(startMs + 5_000, elapsed));
  const { groups, summary, damages, leftOut } = await readContent(jtl([ok(0, 20, 'GET /a'), ...lines]));
  t.deepEqual(groups, { 'GET /a': [5, 4] });
  t.is(summary.load.seconds, 5);
  t.is(leftOut.failedWithoutTime, 4);
  t.deepEqual(damages, []);
});

test('a failed transaction of negative length counts: its request is nowhere else in the file', async (t) => {
  const { groups, leftOut } = await readFieldFile(fieldFile('negative-elapsed.jtl'));
  t.deepEqual(groups, { 'GET /a': [20, 0], Checkout: [1, 1] });
  t.is(leftOut.failedWithoutTime, 1);
});

test('failures without a time count although they cannot be told from the warm-up', async (t) => {
  const content = jtl([ok(0, 20, 'GET /a'), failed(0, 0), ok(2_000, 20, 'GET /a')]);
  const { groups, summary } = await readContent(content, { warmupMs: 1_000 });
  t.is(summary.warmupRequests, 1);
  t.deepEqual(groups, { 'GET /a': [2, 1] });
});

test('messages with commas that are not quoted are put together again, before and after success', async (t) => {
  const { groups, damages, summary } = await readFieldFile(fieldFile('unquoted-comma.jtl'));
  t.deepEqual(groups, { 'GET /a': [25, 5] });
  t.deepEqual(damages, []);
  t.deepEqual(summary.all.errors, [{ code: '200', count: 5 }]);
  const lines = [
    ok(0, 20, 'GET /a', 'Users, all 1-1'),
    ok(100, 20, 'GET /a, b, c'),
    ok(200, 20, 'GET /a', 'Users 1-1', 'OK, fine'),
    failed(startMs + 300, 20, 'a, b, c, d, 1, 2'),
    `${ok(400, 20, 'GET /a').replace('http://shop.example/a', 'http://shop.example/?ids=1,2,3')}`,
  ];
  t.deepEqual((await readContent(jtl(lines))).groups, { 'GET /a': [4, 1], 'GET /a, b, c': [1, 0] });
});

test('commas in a message leave the server of a failure known', async (t) => {
  const content = `${header},"server","due"\n${failed(startMs, 20, 'expected 1,299.00')},s3,${startMs - 5}\n`;
  const { groups, summary } = await readContent(content, { by: 'server' });
  t.deepEqual(groups, { s3: [1, 1] });
  t.is(summary.load.late?.maxMs, 5);
});

test('of damaged lines those that say that they failed count as failed, and each is named', async (t) => {
  const cut = failed(startMs, 20).slice(0, failed(startMs, 20).indexOf('false') + 5);
  const endOfMessage = `and the rest",x,Users 1-1,text,false,,900,120,1,1,http://shop.example/a,20,0,1`;
  const stray = failed(startMs, 20, '"expected').replace(',20,0,1', ',20,0');
  const damaged = [endOfMessage, stray, ok(0, 'x', 'GET /a'), 'nonsense'];
  const { groups, leftOut, damages } = await readContent(jtl([ok(0, 20, 'GET /a'), cut, ...damaged]), { by: 'label' });
  // what is cut off after success can be read
  t.deepEqual(groups, { 'GET /a': [2, 1], '-': [2, 2] });
  t.is(leftOut.damagedLines, 4);
  t.is(leftOut.damagedFailures, 2);
  t.is(damages.length, 4);
});

test('two stray quotes do not lose the lines between them', async (t) => {
  const quoted = `${startMs},20,"GET /a,200,OK,Users 1-1,text,true,,900,120,1,1,null,20,0,1`;
  const lines = Array.from({ length: 30 }, (_, index) => ok(index * 100, 20, 'GET /a'));
  const { groups, damages } = await readContent(jtl([quoted, ...lines, quoted, ...lines]));
  t.deepEqual(groups, { 'GET /a': [60, 0] });
  t.deepEqual(damages, ['a quoted field does not end', 'a quoted field does not end']);
});

test('a quote within a label is a letter, and quoted labels may hold quotes and line feeds', async (t) => {
  const lines = [ok(0, 20, 'TV 40" wide'), ok(100, 20, 'TV 50" wide'), ok(200, 20, '"say ""hi"",\nthen go"')];
  const { summary, damages } = await readContent(jtl(lines));
  t.deepEqual(damages, []);
  t.deepEqual(
    summary.groups.map(({ name }) => name),
    ['say "hi",\nthen go', 'TV 40" wide', 'TV 50" wide'],
  );
});

test('transactions and sub-results are left out, and the table says how many', async (t) => {
  const file = fieldFile('transactions-and-subresults.jtl');
  const { groups, leftOut, summary } = await readFieldFile(file);
  t.deepEqual(groups, { 'GET /cart': [50, 0], 'GET /login': [50, 0] });
  t.deepEqual(leftOut.transactions, { count: 50, failed: 0 });
  t.deepEqual(leftOut.subResults, { count: 100, failed: 0 });
  t.is(summary.all.maxMs, 30);
  const { stdout } = await haweight(['jtl', file, '--by', 'label']);
  t.regex(stdout, /\nleft out: 50 transactions, 100 sub-results\n.*--with-transactions/);
  const all = await haweight(['jtl', file, '--by', 'label', '--with-transactions']);
  t.regex(all.stdout, /\ncounted as requests: 50 transactions, 100 sub-results\n/);
  t.regex(all.stdout, /\nall +250 /);
  // labels stay different
  t.regex(all.stdout, /\nGET \/log…0 +50 .*\nGET \/log…1 +50 /);
  for (const line of all.stdout.split('\n')) t.true(line.length <= 80, line);
});

test("JMeter's own file with both kinds of transaction controllers has its requests counted once", async (t) => {
  const { groups, leftOut } = await readFieldFile(fieldFile('jmeter-2.13-controllers.jtl'));
  t.deepEqual(groups, { 'GET /cart, all': [6, 0], 'GET /fail': [6, 6], 'GET /login': [6, 6], 'item-1': [6, 0] });
  t.deepEqual(leftOut.transactions, { count: 12, failed: 12 });
  const { stdout } = await haweight(['jtl', fieldFile('jmeter-2.13-controllers.jtl'), '--by', 'label']);
  t.regex(stdout, /\n! left out: 12 transactions \(12 failed\)\n/);
});

test('requests inside of a parent sample count, under their own names and under numbered ones', async (t) => {
  for (const [first, second] of [
    ['GET /login', 'GET /cart'],
    ['Checkout-0', 'Checkout-1'],
  ] as const) {
    const lines = [
      ok(0, 2_050, 'Checkout', 'Users 1-1', transaction(2, 0)),
      ok(0, 20, first),
      ok(0, 8, `${first}-0`),
      ok(8, 12, `${first}-1`),
      ok(25, 30, second),
    ];
    const { groups, leftOut } = await readContent(jtl(lines));
    t.deepEqual(groups, { [first]: [1, 0], [second]: [1, 0] });
    t.deepEqual([leftOut.transactions.count, leftOut.subResults.count], [1, 2]);
  }
});

test('sub-results of parallel downloads, of sub-results and of other threads in between are found', async (t) => {
  const lines = [
    ok(0, 100, 'home', 'Users 1-1'),
    ok(0, 20, 'home-0', 'Users 1-1'),
    ok(3, 50, 'home', 'Users 1-2'),
    ok(20, 80, 'home-1', 'Users 1-1'),
    ok(20, 30, 'home-1-0', 'Users 1-1'),
    ok(3, 20, 'home-0', 'Users 1-2'),
    ok(20, 79, 'home-2', 'Users 1-1'),
    ok(100, 0, 'home-3', 'Users 1-1'),
    ok(200, 40, 'GET /', 'Users 1-1'),
    ok(205, 20, 'http://shop.example/a.png', 'Users 1-1'),
  ];
  const { groups, leftOut } = await readContent(jtl(lines));
  t.deepEqual(groups, { 'GET /': [1, 0], home: [2, 0] });
  t.is(leftOut.subResults.count, 7);
});

test('a sorted file may have sub-results before the request that they are parts of', async (t) => {
  const { groups, leftOut } = await readContent(jtl([ok(0, 8, 'home-0'), ok(0, 20, 'home'), ok(8, 12, 'home-1')]));
  t.deepEqual(groups, { home: [1, 0] });
  t.is(leftOut.subResults.count, 2);
});

test('requests that are only named like sub-results count', async (t) => {
  const labels = ['item', 'item-0', 'item-1', 'item-1', 'page-1', '2026-11', 'item', 'item-2'];
  const lines = labels.map((label, index) => ok(index * 20, index === 3 ? 0 : 20, label));
  for (const content of [jtl(lines), jtl(lines).replaceAll('threadName', 'x')]) {
    const { summary, leftOut } = await readContent(content);
    t.is(summary.all.requests, labels.length);
    t.is(leftOut.subResults.count, 0);
  }
});

test('without the name of the thread sub-results are known by the label of their parent', async (t) => {
  const content = (await readFile(fieldFile('transactions-and-subresults.jtl'), 'utf8')).replace('threadName', 'other');
  const { leftOut, groups } = await readContent(content);
  t.is(leftOut.subResults.count, 100);
  t.deepEqual(groups, { 'GET /cart': [50, 0], 'GET /login': [50, 0] });
});

test('failures of what is left out are told, and a file with nothing else names the flag', async (t) => {
  const lines = [ok(0, 20, 'Checkout', 'Users 1-1', transaction(2, 1)).replace(',true,', ',false,')];
  const { leftOut } = await readContent(jtl(lines));
  t.deepEqual(leftOut.transactions, { count: 1, failed: 1 });
  t.is((await readContent(jtl(lines), { withTransactions: true })).summary.all.failed, 1);
});

test('however the line of a failure is damaged, it counts or is told, and no other line is lost', async (t) => {
  const good = Array.from({ length: 6 }, (_, index) => ok(index * 100, 20, 'GET /a'));
  const failure = failed(startMs + 250, 20, 'expected ""a""');
  const piece = fc.constantFrom(',', '"', '""', 'x', '0', '', '\0', '\r', '\n', ';', ',,', '\u00fc', '99999999999999');
  const change = fc.record({ at: fc.nat(failure.length), length: fc.nat(6), piece });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const line = changes.reduce(
        (text, { at, length, piece: put }) => text.slice(0, at) + put + text.slice(at + length),
        failure,
      );
      const content = jtl([...good.slice(0, 3), line, ...good.slice(3)]);
      const { summary, leftOut } = await readContent(content);
      const succeeded = summary.all.requests - summary.all.failed;
      t.is(succeeded, good.length, line);
      return summary.all.failed > 0 || leftOut.damagedLines > 0;
    }),
    { numRuns: 600, seed: 15 },
  );
});
