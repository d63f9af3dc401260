import test from 'ava';
import { readAnswers } from '../../../lab/fuzz/http/answers.ts';
import { checkAnswers } from '../../../lab/fuzz/http/check-answers.ts';
import { mostAnswers, readRequests } from '../../../lab/fuzz/http/clean-requests.ts';
import { bodies, serverKinds, token } from '../../../lab/fuzz/http/server-kinds.ts';

const get = (path: string, ...headers: readonly string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;
const bearer = `authorization: Bearer ${token}`;
const answer = (status: number, body: string, ...headers: readonly string[]) =>
  `${[`HTTP/1.1 ${status} Said`, `content-length: ${body.length}`, ...headers].join('\r\n')}\r\n\r\n${body}`;
const healthy = answer(200, 'ok');
const refused = answer(400, '', 'connection: close');

test('requests are read up to the first that two readers may understand differently', (t) => {
  const clean = get('/healthz') + get('/metrics', bearer, 'connection: close');
  t.deepEqual(
    readRequests(Buffer.from(clean)).clean.map(({ path, closes }) => [path, closes]),
    [
      ['/healthz', false],
      ['/metrics', true],
    ],
  );
  for (const rest of [
    get('/metrics', 'content-length: 5'),
    get('/metrics', 'x : y'),
    get('/metrics', 'host: 127.0.0.1'),
    get('/metrics?x'),
    get('/metrics').replace('\r\nhost', '\nhost'),
    'GET /metrics HTTP/1.1\r\n\r\n',
    'GET /metrics',
  ]) {
    const read = readRequests(Buffer.from(clean + rest));
    t.deepEqual([read.clean.length, read.rest], [2, rest]);
  }
});

test('what cannot be read gets at most an answer for each version in it, and a refusal', (t) => {
  t.is(mostAnswers(''), 0);
  t.is(mostAnswers('abc'), 1);
  t.is(mostAnswers('GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n'), 3);
  t.is(mostAnswers('GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nGET / HTTP/1.1\r\n\r\n'), 1);
  t.is(mostAnswers('GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nGET / HTTP/1.1\r\n\r\n'), 1);
});

test('answers are read one after the other; HEAD has no body; an incomplete one is told', (t) => {
  const head = answer(200, 'x'.repeat(9)).slice(0, -9);
  const read = readAnswers(`${healthy}${head}${refused}`, (index) => index === 1);
  t.deepEqual(
    read.answers.map(({ status, closes }) => [status, closes]),
    [
      [200, false],
      [200, false],
      [400, true],
    ],
  );
  t.true(readAnswers(healthy.slice(0, -1), () => false).cut);
  for (const wrong of ['HTTP/1.0 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'x', `${refused}${healthy}`]) {
    t.throws(() => readAnswers(`${wrong}\r\n\r\n`, () => false), { name: 'Violation' }, wrong);
  }
});

function check(sent: string, received: string, exact = true, kind = serverKinds.token) {
  const bytes = Buffer.from(sent);
  return checkAnswers(kind, { bytes, ...readRequests(bytes), exact }, received);
}

test('an answer too many, too few, out of order, or of another path is a failure', (t) => {
  const both = get('/healthz') + get('/metrics', bearer);
  const metrics = answer(200, bodies['/metrics'] ?? '');
  t.is(check(both, healthy + metrics).length, 2);
  for (const wrong of [healthy, metrics + healthy, healthy + metrics + healthy, healthy + healthy, `${healthy}x`]) {
    t.throws(() => check(both, wrong), { name: 'Violation' });
  }
  t.is(check(both, healthy, false).length, 1);
  const limited = answer(429, '', 'connection: close');
  t.is(check(both, healthy + limited, false).length, 2);
  t.throws(() => check(both, healthy + limited), { message: /was answered with 429, not 200/ });
});

test('what needs the token is not given without it, nor to a request for another host', (t) => {
  const status = answer(200, bodies['/v1/status'] ?? '');
  t.throws(() => check(get('/v1/status'), status), { message: /answered with 200, not 401/ });
  t.throws(() => check(get('/v1/status?x'), status, false), { message: /without it/ });
  t.notThrows(() => check(get('/v1/status?x', bearer), status, false));
  const elsewhere = get('/v1/status').replace('127.0.0.1', 'example.org');
  t.throws(() => check(elsewhere, status, true, serverKinds.open), { message: /not 421/ });
  t.throws(() => check(elsewhere.replace('.org', '.net'), status, false, serverKinds.open), {
    message: /another host/,
  });
  t.throws(() => check(get('/healthz'), answer(200, token), false), { message: /not that of its path|token/ });
});
