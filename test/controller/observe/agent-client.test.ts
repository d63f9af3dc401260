import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import test from 'ava';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { formatProblem, type ProblemCode } from '../../../shared/contract/problem.ts';
import { type MetricName, metricNames, snapshotVersion } from '../../../shared/contract/snapshot.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';

const good = JSON.stringify(snapshot({ server: 'web1' }));

/** Enough for any answer that comes at all; only what never ends is asked with less. */
const patienceMs = 30_000;

/** Asks a real server that behaves like this for web1's snapshot. */
async function ask(listener: RequestListener, { token = null as string | null, timeoutMs = patienceMs } = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  using client = new AgentClient({ timeoutMs, token });
  try {
    return await client.fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'web1');
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answers = (body: string, status = 200, type = 'application/json'): RequestListener => {
  return (_, response) => response.writeHead(status, { 'content-type': type }).end(body);
};
const withMetric = (text: string) => good.replace('"utilisation":0.5', `"utilisation":${text}`);

const badAnswers: readonly (readonly [title: string, code: ProblemCode, listener: RequestListener])[] = [
  ['answers HTML', 'agent-not-json', answers('<html><body>It works!</body></html>', 200, 'text/html')],
  ['answers nothing', 'agent-not-json', answers('')],
  ['answers half a snapshot', 'agent-not-json', answers(good.slice(0, 200))],
  ['answers NaN', 'agent-not-json', answers(withMetric('NaN'))],
  ['answers a negative number', 'agent-invalid', answers(withMetric('-0.1'))],
  ['answers a huge number', 'agent-invalid', answers(withMetric('1e308'))],
  ['answers a number beyond all numbers', 'agent-invalid', answers(withMetric('1e999'))],
  ['answers text for a number', 'agent-invalid', answers(withMetric('"0.5"'))],
  ['answers null for a number', 'agent-invalid', answers(withMetric('null'))],
  ['leaves a metric out', 'agent-invalid', answers(good.replace('"cpu"', '"cpuu"'))],
  ['answers a list', 'agent-schema-version', answers('[]')],
  ['answers null', 'agent-schema-version', answers('null')],
  ['speaks another schema version', 'agent-schema-version', answers(good.replace('"version":2', '"version":0'))],
  ['says that it is another server', 'agent-wrong-server', answers(good.replace('"server":"web1"', '"server":"web2"'))],
  ['answers 500', 'agent-status', answers('oops', 500)],
  ['answers 503 while it warms up', 'agent-status', answers('no sample yet', 503)],
  ['wants a token', 'agent-unauthorised', answers('no', 401)],
  [
    'sends the controller elsewhere',
    'agent-status',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
  ],
  ['never answers', 'agent-timeout', () => undefined],
  ['closes the connection', 'agent-unreachable', (request) => request.socket.destroy()],
  [
    'answers an endless body fast',
    'agent-too-large',
    (_, response) => {
      const more = () => response.writable && response.write('x'.repeat(16_384), () => setImmediate(more));
      more();
    },
  ],
  [
    'answers an endless body slowly',
    'agent-timeout',
    (_, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    },
  ],
];

for (const [title, code, listener] of badAnswers) {
  test(`an agent that ${title} is ${code}, in one line that names its address`, async (t) => {
    const answer = await ask(listener, code === 'agent-timeout' ? { timeoutMs: 400 } : {});
    if (answer.ok) return t.fail('it was taken for a snapshot');
    t.is(answer.error.code, code, formatProblem(answer.error));
    const line = formatProblem(answer.error);
    t.regex(line, /^http:\/\/127\.0\.0\.1:\d+: /);
    t.false(line.includes('\n'));
    t.true(line.length < 500, line);
  });
}

test('a good snapshot is taken, from an agent that does not know its server name too', async (t) => {
  t.true((await ask(answers(good))).ok);
  t.true((await ask(answers(JSON.stringify(snapshot())))).ok);
});

test('an agent may be asked by name', async (t) => {
  const server = createServer(answers(good)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  using client = new AgentClient({ timeoutMs: patienceMs, token: null });
  const { port } = server.address() as AddressInfo;
  // kept connections, and new ones by an address that is known
  for (let round = 0; round < 3; round += 1) {
    const answer = await client.fetch(`http://localhost:${port}`, 'web1');
    t.true(answer.ok, answer.ok ? '' : formatProblem(answer.error));
    if (round > 0) client.makeRoom();
  }
  server.closeAllConnections();
  server.close();
});

for (const { title, isClosed, code } of [
  { title: 'one kept connection is asked once more', isClosed: (request: number) => request === 2, code: null },
  { title: 'every connection is unreachable', isClosed: (request: number) => request >= 2, code: 'agent-unreachable' },
] as const) {
  test(`an agent that closes ${title}`, async (t) => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      if (isClosed(requests)) request.socket.destroy();
      else answers(good)(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    using client = new AgentClient({ timeoutMs: patienceMs, token: null });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.true((await client.fetch(url, 'web1')).ok);
    const second = await client.fetch(url, 'web1');
    t.is(second.ok ? null : second.error.code, code);
    t.is(requests, 3);
  });
}

test('the token goes with the request', async (t) => {
  let seen: string | undefined;
  await ask(
    (request, response) => {
      seen = request.headers.authorization;
      response.end(good);
    },
    { token: 'a-token-of-some-length' },
  );
  t.is(seen, 'Bearer a-token-of-some-length');
});

test('a port without a listener, and one that does not speak HTTP, are unreachable', async (t) => {
  const tcp = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  using client = new AgentClient({ timeoutMs: patienceMs, token: null });
  const foreign = await client.fetch(`http://127.0.0.1:${port}`, 'web1');
  tcp.close();
  const unheard = await client.fetch('http://127.0.0.1:1', 'web1');
  t.is(foreign.ok ? '' : foreign.error.code, 'agent-unreachable');
  t.is(unheard.ok ? '' : unheard.error.code, 'agent-unreachable');
});

/** A snapshot as a later version may send it. */
function newer(changes: Record<string, unknown>, metrics: Record<string, unknown> = {}): string {
  const now = snapshot({ server: 'web1' });
  return JSON.stringify({ ...now, version: snapshotVersion + 1, ...changes, metrics: { ...now.metrics, ...metrics } });
}

const strangeMetrics: readonly (readonly [title: string, name: MetricName, value: unknown])[] = [
  ['a reason', 'ram', { status: 'unavailable', reason: 'on-holiday', detail: 'x' }],
  ['a status', 'cpu', { status: 'guessed', utilisation: 0.5 }],
  [
    'a source of a limit',
    'threads',
    { status: 'ok', utilisation: 0.1, raw: { threads: 1, limit: 10, limitSource: 'stars' } },
  ],
  ['raw figures', 'bandwidth', { status: 'ok', utilisation: 0.1, raw: { packets: 7 } }],
  ['a scale', 'tcpQueues', { status: 'ok', utilisation: 7, raw: {} }],
  ['no form at all', 'cpu', 17],
  ['nothing', 'ram', undefined],
];

for (const [title, name, value] of strangeMetrics) {
  test(`of a newer agent, ${title} that is not known makes ${name} alone unavailable`, async (t) => {
    const answer = await ask(answers(newer({}, { [name]: value })));
    if (!answer.ok) return t.fail(formatProblem(answer.error));
    const { metrics } = answer.value;
    t.like(metrics[name], { status: 'unavailable', reason: 'not-supported' });
    t.regex(JSON.stringify(metrics[name]), new RegExp(`newer than this controller.*${name}`));
    const others = metricNames.filter((other) => other !== name);
    for (const other of others) t.deepEqual(metrics[other], snapshot().metrics[other]);
  });
}

test('of a newer agent, further fields and metrics are left out, and forms of others that are not known', async (t) => {
  const changes = {
    mood: 'good',
    scope: { kind: 'pod', name: 'x' },
    pressure: { cpu: 'high' },
    memoryEvents: { high: -1 },
    machine: 7,
    machineCores: 'all',
    warnings: 'none',
  };
  const answer = await ask(answers(newer(changes, { gpu: { status: 'ok', utilisation: 1, raw: {} } })));
  if (!answer.ok) return t.fail(formatProblem(answer.error));
  t.deepEqual(answer.value, {
    ...snapshot({ server: 'web1' }),
    version: snapshotVersion + 1,
    scope: { kind: 'unknown' },
    machine: undefined,
    machineCores: undefined,
    pressure: undefined,
    memoryEvents: undefined,
    warnings: undefined,
  });
});

for (const [title, body] of [
  ['a wrong type of what every version has', newer({ ageMs: 'old' })],
  ['a negative age', newer({ ageMs: -1 })],
  ['no size', newer({ effectiveCores: undefined })],
  ['no metrics', newer({}).replace('"metrics"', '"measures"')],
  ['a list of metrics', newer({}).replace(/"metrics":\{.*\}\}/, '"metrics":[]}')],
  ['no scope', newer({ scope: undefined })],
] as const) {
  test(`of a newer agent, ${title} is agent-invalid`, async (t) => {
    const answer = await ask(answers(body));
    t.is(answer.ok ? '' : answer.error.code, 'agent-invalid', answer.ok ? '' : formatProblem(answer.error));
  });
}

test('a snapshot of the version before is taken, and one of no version is not', async (t) => {
  t.true((await ask(answers(JSON.stringify({ ...snapshot({ server: 'web1' }), version: 1 })))).ok);
  for (const version of [0, -1, '2', null, true, [2]]) {
    const answer = await ask(answers(JSON.stringify({ ...snapshot(), version })));
    t.is(answer.ok ? '' : answer.error.code, 'agent-schema-version', JSON.stringify(version));
  }
});

test('in a version that is known, a metric of a form that is not known spoils the snapshot', async (t) => {
  for (const version of [1, 2]) {
    const answer = await ask(answers(newer({ version }, { ram: { status: 'unavailable', reason: 'x', detail: 'x' } })));
    t.is(answer.ok ? '' : answer.error.code, 'agent-invalid');
  }
});

test('after its deadline an agent is not asked at all', async (t) => {
  let requests = 0;
  await using agent = await httpServer((_, response) => {
    requests += 1;
    response.end(good);
  });
  using client = new AgentClient({ timeoutMs: patienceMs, token: null });
  const late = await client.fetch(agent.url, 'web1', AbortSignal.abort());
  t.is(late.ok ? null : late.error.code, 'agent-timeout');
  t.true((await client.fetch(agent.url, 'web1')).ok);
  t.is(requests, 1);
});
