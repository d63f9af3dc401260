import test from 'ava';
import { renderExplanation } from '../../cli/view/explanation.ts';
import { describe, headline } from '../../cli/view/reasons.ts';
import { renderShadow } from '../../cli/view/shadow-table.ts';
import { renderWeights } from '../../cli/view/weights-table.ts';
import type { Reason } from '../../shared/contract/decision.ts';
import { type BackendStatus, type ServerStatus, statusSchema } from '../../shared/contract/status.ts';
import { server, status } from '../support/status.ts';

const extreme = server({
  server: 'a-server-with-a-very-long-name',
  haproxyStatus: 'MAINT (via web/other)',
  utilisation: { cpu: 1, ram: 1, bandwidth: 1, threads: 1, tcpQueues: 1 },
  load: 1,
  delta: 12.345,
  weight: 256,
  weightBefore: 256,
  share: 1,
  exclusion: 'configured-zero',
});

for (const dryRun of [false, true]) {
  test(`the table of weights fits 80 columns whatever the values${dryRun ? ', in a dry run too' : ''}`, (t) => {
    const text = renderWeights(status([server(), extreme], { dryRun }), []);
    for (const line of text.split('\n')) t.true(line.length <= 80, line);
  });
}

test('the table shows status, the five metrics, load, delta, weight, share and reason; unknown is a dash', (t) => {
  const [, , row] = renderWeights(status([server()]), []).split('\n');
  t.is(row, 'web1         UP      61%  40%    -  10% 100% 0.41 +0.17 180  26.2% by load');
});

test('a server without a check, and an algorithm that HAProxy does not name, are readable', (t) => {
  const backends = [
    {
      backend: 'web',
      algorithm: 'unknown',
      readAtMs: null,
      problem: null,
      servers: [server({ haproxyStatus: 'no check' })],
      waiting: null,
      ejections: 0,
      shadows: [],
    },
  ];
  const text = renderWeights(status([], { backends }), []);
  t.regex(text, /balance not shown by HAProxy/);
  t.regex(text, /web1 +no chk /);
});

test('a dry run shows what HAProxy has and what would be set', (t) => {
  const [, titles, row] = renderWeights(status([server()], { dryRun: true }), []).split('\n');
  t.regex(titles ?? '', /WGT WANT/);
  t.regex(row ?? '', /192 {2}180/);
});

test("an agent's problem stands under the table with its server's name and its count", (t) => {
  const agent = {
    ...server().agent,
    state: 'stale' as const,
    code: 'agent-not-json',
    detail: 'http://x: the answer is not JSON',
    failures: 7,
  };
  const text = renderWeights(status([server({ agent })]), []);
  t.true(text.includes('! web1: http://x: the answer is not JSON (7 so far)'));
});

/** A backend of these servers, with one shadow policy that would give each the weight 256. */
function shadowed(servers: readonly ServerStatus[], problem: string | null = null): BackendStatus[] {
  const inShadow = servers.map(({ server, load, delta, reasons }) => {
    return { server, load, delta, reasons, weight: 256, share: 0.5, drained: false };
  });
  const shadow = { policy: 'capacity', problem, servers: problem === null ? inShadow : [] };
  return [
    {
      backend: 'web',
      algorithm: 'leastconn',
      readAtMs: null,
      problem: null,
      servers: [...servers],
      waiting: null,
      ejections: 0,
      shadows: [shadow],
    },
  ];
}

for (const dryRun of [false, true]) {
  test(`the table of a shadow fits 80 columns whatever the values${dryRun ? ', in a dry run too' : ''}`, (t) => {
    const all: Reason = { code: 'drained', metrics: ['cpu', 'ram', 'bandwidth', 'threads', 'tcpQueues'] };
    const backends = shadowed([server(), { ...extreme, server: 'another', exclusion: null, reasons: [all] }, extreme]);
    const text = renderShadow(status([], { backends, dryRun }), 'capacity', []);
    for (const line of text.split('\n')) t.true(line.length <= 80, line);
  });
}

test('the table of a shadow has weight and share in force, those in shadow, and the difference in points', (t) => {
  const text = renderShadow(status([], { backends: shadowed([server()]) }), 'capacity', []).split('\n');
  t.is(text[1], 'inverse-load in force; capacity in shadow, never written');
  t.is(text[3], 'web1           UP      61% 0.41  180  26.2%    256  50.0%  +23.8 by load');
});

test('a failed shadow has dashes, and both tables show its problem underneath', (t) => {
  const found = status([], { backends: shadowed([server()], 'policy capacity: it failed') });
  t.regex(renderShadow(found, 'capacity', []), /180 {2}26\.2% {6}- {6}- {6}- -\n! policy capacity: it failed$/);
  t.regex(renderWeights(found, []), /\n! policy capacity: it failed$/);
});

test('the status of a controller without shadows and recording is read as having none', (t) => {
  const { recording: _, backends, ...rest } = status([server()]);
  const older = { ...rest, backends: backends.map(({ shadows: _shadows, ...backend }) => backend) };
  const read = statusSchema.parse(older);
  t.is(read.recording, null);
  t.deepEqual(read.backends[0]?.shadows, []);
});

const drained: Reason = { code: 'drained', metrics: ['cpu'] };
const held: Reason = { code: 'held', because: 'stale', detail: '' };
const cut: Reason = { code: 'graded', metric: 'ram', utilisation: 0.9, factor: 0.5 };
const notCut: Reason = { code: 'not-cut', metric: 'ram', level: 0.91 };
const refused: Reason = { code: 'drain-refused', metrics: ['ram'], because: 'others-overloaded', detail: '' };
const silent: Reason = { code: 'held', because: 'mostly-stale', detail: '' };
const aside: Reason = { code: 'set-aside', metric: 'ram', level: 0.86, countsFrom: 0.91 };
const full: Reason = { code: 'set-aside', metric: 'cpu', level: 1, countsFrom: 1.05 };
const errors: Reason = { code: 'errors', share: 0.5, factor: 0.125 };
const ejected: Reason = { code: 'ejected', share: 0.9, remainingMs: 4_200 };
const probed: Reason = { code: 'probed', share: 0.9 };
for (const [expected, changes] of [
  ['by load', {}],
  ['drained cpu', { reasons: [cut, drained] }],
  ['held: stale', { reasons: [held] }],
  ['agents silent', { reasons: [held, silent] }],
  ['cut: ram', { reasons: [cut] }],
  ['aside: ram', { reasons: [aside] }],
  ['aside: cpu, ram', { reasons: [full, aside] }],
  ['over: ram', { reasons: [notCut, refused] }],
  ['errors 50%', { reasons: [cut, errors] }],
  ['ejected 5 s', { reasons: [errors, ejected] }],
  ['probed', { reasons: [errors, probed] }],
  ['drain', { exclusion: 'drain', reasons: [] }],
  ['no agent', { agent: { ...server().agent, code: 'agent-unreachable' } }],
  ['not-json', { agent: { ...server().agent, code: 'agent-not-json' } }],
] as const) {
  test(`a reason is shown in a word: ${expected}`, (t) => {
    t.is(headline(server(changes as Partial<ServerStatus>)).text, expected);
  });
}

test('an explanation says of a metric that is set aside why, and what would make it count again', (t) => {
  t.is(
    describe(aside),
    'ram is set aside at 86%, because it did not fall without traffic: it neither drains nor cuts; it counts again from 91% on, or once it has been under its threshold',
  );
  t.is(
    describe(full),
    'cpu is set aside at 100%, because it did not fall without traffic: it neither drains nor cuts; it counts again once it has been under its threshold',
  );
  t.is(
    describe({ code: 'released', because: 'not-traffic' }),
    'no longer drained: what is over its threshold does not fall without traffic, so it is set aside',
  );
});

test('an explanation tells a server that is out from one that is tried again', (t) => {
  t.is(describe(ejected), 'ejected: 90% of its answers were errors; tried again in 5 s');
  t.is(
    describe(probed),
    'tried with a few requests, which show whether it is well again: 90% of its answers were errors',
  );
});

test('an explanation shows what other HAProxys counted, where their controllers tell', (t) => {
  const explained = (elsewhere: ServerStatus['elsewhere']) => {
    const one = server({ elsewhere });
    const [backend] = status([one]).backends;
    return backend === undefined ? '' : renderExplanation({ status: status([one]), backend, server: one });
  };
  t.regex(
    explained({ ok: 12, started: 14, inFlight: 3 }),
    /\n {2}peers {4}12 answered of 14 sent by other HAProxys since the last tick, 3 in flight\n/,
  );
  t.notRegex(explained(null), /peers/);
});

test('an explanation lists every step of the decision in order', (t) => {
  const one = server();
  const [backend] = status([one]).backends;
  if (backend === undefined) return t.fail();
  const text = renderExplanation({ status: status([one]), backend, server: one });
  t.true(text.startsWith('web/web1: weight 180, was 192; share 26.2%'));
  t.regex(text, /the policy wants x 0\.81 of the weight so far; this tick goes x 0\.95: target 153, this tick 180\n/);
  t.regex(text, /1\. load Lr 0\.412[\s\S]*2\. weight by inverse load[\s\S]*3\. size[\s\S]*5\. scaled/);
});

test('a load that is too small to tell anything is named with what it counts as', (t) => {
  const load: Reason = { code: 'load', load: 0.05, average: 0.25, delta: 0.8, measured: 0.024 };
  t.is(
    describe(load),
    'load Lr 0.024, counted as 0.050 (less tells nothing apart); mean of the backend 0.250; delta -0.800',
  );
});

test('the table has delta with its sign: below the mean, above it, far above it, and where there is no mean', (t) => {
  const cells = (
    [
      [0.1, 0.4, 0.75],
      [0.9, 0.4, 1.25],
      [1, 0.05, 19],
      [0.4, 0.4, 0],
    ] as const
  ).map(([load, average, delta]) => {
    const row = server({ load, delta, reasons: [{ code: 'load', load, average, delta }] });
    return renderWeights(status([row]), [])
      .split('\n')[2]
      ?.slice(49, 55);
  });
  t.deepEqual(cells, [' -0.75', ' +1.25', ' +19.0', '  0.00']);
  t.regex(renderWeights(status([server({ reasons: [] })]), []), / {2}0\.17 180/);
});

test('a target beyond what a weight can be is shown as such', (t) => {
  const one = server({
    reasons: [
      { code: 'smoothed', factor: 1.2, wanted: 3 },
      { code: 'scaled', from: 2, to: 256 },
    ],
  });
  const [backend] = status([one]).backends;
  if (backend === undefined) return t.fail();
  t.regex(renderExplanation({ status: status([one]), backend, server: one }), /: target above 256, this tick 256\n/);
});

test('a reason that only a newer controller knows is shown as its code, and the rest as ever', (t) => {
  const [known] = server().reasons;
  const newer = { code: 'lunar-phase', factor: 0.9, why: ['tide'] };
  const newerValue = { code: 'held', because: 'eclipse', detail: 'dark' };
  const sent = { ...status([]).backends[0], servers: [{ ...server(), reasons: [newer, newerValue, known] }] };
  const read = statusSchema.parse(JSON.parse(JSON.stringify(status([], { backends: [sent as BackendStatus] }))));
  t.deepEqual(statusSchema.parse(read), read, 'what `--json` prints can be read again');
  const [backend] = read.backends;
  const [shown] = backend?.servers ?? [];
  if (backend === undefined || shown === undefined) return t.fail();
  const text = renderExplanation({ status: read, backend, server: shown });
  t.regex(text, /1\. lunar-phase \(the controller is newer than this command.*upgrade it\)/);
  t.regex(text, /2\. held \(the controller is newer/);
  t.regex(text, /3\. load Lr 0\.412/);
  t.regex(renderWeights(read, []), /26\.2% lunar-phase/);
});

test('a backlog is worded right above its fair part and below it', (t) => {
  t.is(
    describe({ code: 'backlog', inFlight: 0, fairInFlight: 0.13, factor: 1.01 }),
    '0 requests in flight, where 0.1 would be its fair part: x 1.01',
  );
});
