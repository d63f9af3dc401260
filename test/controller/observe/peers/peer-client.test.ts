import type { RequestListener } from 'node:http';
import test from 'ava';
import { PeerClient } from '../../../../controller/observe/peers/peer-client.ts';
import { formatProblem, type ProblemCode } from '../../../../shared/contract/problem.ts';
import { httpServer } from '../../../support/http-server.ts';
import { counted, traffic } from '../../../support/traffic.ts';

const good = traffic(1_000, [counted({ ok: 5, started: 6 })]);
const text = JSON.stringify(good);

/** Asks a real server that behaves like this; what never ends is asked with a short deadline. */
async function ask(listener: RequestListener, timeoutMs = 30_000, token: string | null = null) {
  await using server = await httpServer(listener);
  using client = new PeerClient({ timeoutMs, token, tls: null });
  return { answer: await client.fetch(server.url), url: server.url };
}

const answers = (body: string, status = 200): RequestListener => {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
};

test('counters are taken, asked for with the token at /v1/traffic; fields of a newer version are left out', async (t) => {
  const seen: (string | undefined)[] = [];
  const newer = JSON.stringify({ ...good, colour: 'red' });
  const listener: RequestListener = (request, response) => {
    seen.push(request.url, request.headers.authorization);
    answers(newer)(request, response);
  };
  const { answer } = await ask(listener, 30_000, 'a-token-of-peers');
  t.deepEqual(answer, { ok: true, value: good });
  t.deepEqual(seen, ['/v1/traffic', 'Bearer a-token-of-peers']);
});

const bad: readonly (readonly [title: string, code: ProblemCode, listener: RequestListener])[] = [
  ['is of a version without counters', 'peer-invalid', answers('not found', 404)],
  ['answers HTML', 'peer-invalid', answers('<html>')],
  ['answers nothing', 'peer-invalid', answers('')],
  ['answers null', 'peer-invalid', answers('null')],
  ['answers another version', 'peer-invalid', answers(text.replace('"version":1', '"version":2'))],
  ['answers a negative count', 'peer-invalid', answers(text.replace('"ok":5', '"ok":-5'))],
  ['answers a fraction', 'peer-invalid', answers(text.replace('"ok":5', '"ok":0.5'))],
  ['answers a number beyond all numbers', 'peer-invalid', answers(text.replace('"ok":5', '"ok":1e999'))],
  ['answers text for a count', 'peer-invalid', answers(text.replace('"ok":5', '"ok":"5"'))],
  ['answers a period of a year', 'peer-invalid', answers(text.replace('"periodMs":2000', '"periodMs":31536000000'))],
  ['wants a token', 'token-invalid', answers('no', 401)],
  ['hangs in its loop', 'controller-unreachable', answers('late', 503)],
  [
    'sends the controller elsewhere',
    'peer-invalid',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
  ],
  ['never answers', 'controller-unreachable', () => undefined],
  ['closes the connection', 'controller-unreachable', (request) => request.socket.destroy()],
  [
    'answers without end',
    'peer-invalid',
    (_, response) => {
      const more = () => response.writable && response.write('x'.repeat(262_144), () => setImmediate(more));
      more();
    },
  ],
];

for (const [title, code, listener] of bad) {
  test(`a peer that ${title} is ${code}, in one line that names its URL`, async (t) => {
    const { answer, url } = await ask(listener, title === 'never answers' ? 300 : 30_000);
    if (answer.ok) return t.fail('it was taken for counters');
    t.is(answer.error.code, code);
    const line = formatProblem(answer.error);
    t.true(line.startsWith(url), line);
    t.notRegex(line, /\n/);
  });
}

test('nobody at that address, and a stop, are no answer either', async (t) => {
  using client = new PeerClient({ timeoutMs: 30_000, token: null, tls: null });
  const answer = await client.fetch('http://127.0.0.1:9');
  t.like(answer, { ok: false, error: { code: 'controller-unreachable', got: 'ECONNREFUSED' } });
  await using server = await httpServer(() => undefined);
  const stopped = new AbortController();
  const asked = client.fetch(server.url, stopped.signal);
  stopped.abort();
  t.false((await asked).ok);
});
