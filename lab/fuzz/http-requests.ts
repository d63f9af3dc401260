import { METHODS } from 'node:http';

/** Requests such as browsers, scrapers, clients of other protocols and attackers send. */
export function httpRequests(token: string): readonly [Buffer, ...Buffer[]] {
  const bearer = `authorization: Bearer ${token}`;
  const request = (line: string, ...headers: readonly string[]) =>
    `${[line, 'host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;
  const paths = [
    '/v1/snapshot',
    '/v1/status',
    '/v1/traffic',
    '/metrics',
    '/healthz',
    '/',
    '/v1/../v1/status',
    '/%00',
    '//',
  ];
  const flood = Array.from({ length: 400 }, (_, index) => `x-${index}: ${'v'.repeat(50)}`);
  const smuggled = request('GET /v1/status HTTP/1.1', bearer);
  const texts = [
    ...paths.map((path) => request(`GET ${path} HTTP/1.1`)),
    ...paths.map((path) => request(`GET ${path}?a=b HTTP/1.1`, bearer)),
    request('HEAD /v1/snapshot HTTP/1.1', bearer),
    `${request('POST /v1/status HTTP/1.1', bearer, 'content-length: 5')}hello`,
    `${request('POST /metrics HTTP/1.1', 'transfer-encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
    request('GET /metrics HTTP/1.1', 'expect: 100-continue', 'content-length: 5'),
    request('GET /metrics HTTP/1.1', 'expect: miracles'),
    request('CONNECT 127.0.0.1:22 HTTP/1.1'),
    request('OPTIONS * HTTP/1.1'),
    request('DELETE /v1/status HTTP/1.1', bearer),
    request('GET http://example.org/v1/status HTTP/1.1', bearer),
    request('GET http://127.0.0.1:9476/v1/status HTTP/1.1', bearer),
    request('GET /v1/status HTTP/1.1', 'host: localhost', bearer),
    `GET /v1/status HTTP/1.1\r\nhost: user@[::1%lo]:99999\r\n${bearer}\r\n\r\n`,
    request('GET /healthz HTTP/1.1', 'connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'),
    request('GET /healthz HTTP/1.1', 'connection: close'),
    request('GET /healthz HTTP/1.0'),
    'GET /healthz\r\n',
    request('GET /healthz HTTP/1.1', ...flood),
    `${request('GET /healthz HTTP/1.1', 'content-length: 3', 'content-length: 4')}abcd`,
    `${request('GET /healthz HTTP/1.1', 'content-length: 4', 'transfer-encoding: chunked')}0\r\n\r\n`,
    request('GET /healthz HTTP/1.1').repeat(20),
    request('GET /v1/status HTTP/1.1', bearer).repeat(5) + request('GET /healthz HTTP/1.1', 'connection: close'),
    request('GET /v1/status HTTP/1.1', `authorization: Bearer ${token.slice(0, -1)}`),
    request('GET /v1/status HTTP/1.1', `authorization: Bearer ${'x'.repeat(4_000)}`),
    request('GET /v1/status HTTP/1.1', 'authorization: Basic YTpi', bearer),
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(9)}`,
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    'set server web/s1 weight 0\n',
    'GET /healthz HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n',
    ...METHODS.map((method) => request(`${method} /v1/status HTTP/1.1`)),
    ...METHODS.map((method) => request(`${method} /metrics HTTP/1.1`, bearer)),
    ...targets.map((target) => request(`GET ${target} HTTP/1.1`, bearer)),
    ...expectations.map((value) => request('GET /v1/status HTTP/1.1', `expect: ${value}`)),
    ...upgrades.map((value) => request('GET /v1/status HTTP/1.1', 'connection: upgrade', `upgrade: ${value}`)),
    ...framings.map((framing) => `${request('POST /healthz HTTP/1.1', ...framing)}${smuggled}`),
    ...framings.map((framing) => `${request('GET /healthz HTTP/1.1', ...framing)}5\r\nhello\r\n0\r\n\r\n${smuggled}`),
    ...spellings.map((head) => `${head}${smuggled}`),
  ];
  const clientHello = Buffer.from('16030100c8010000c40303', 'hex');
  return [clientHello, ...texts.map((text) => Buffer.from(text))];
}

const targets = [
  '*',
  '/v1/status#x',
  '/v1//status',
  '/V1/STATUS',
  '/v1/%73tatus',
  '/v1/status/',
  '/v1/status;x',
  '?',
  'v1/status',
  'HTTP://localhost/v1/status',
  'http:///v1/status',
  'http://127.0.0.1@example.org/v1/status',
  'ftp://127.0.0.1/v1/status',
  '127.0.0.1:80',
  '/__proto__',
  '/constructor',
  '/\x7f',
  '/\xff',
] as const;

const expectations = ['100-continue', '100-Continue', '100-continue, x', 'x', '', '200-ok'] as const;

const upgrades = ['websocket', 'h2c', 'TLS/1.0', 'x, y', ''] as const;

/** Headers that two readers may understand differently: where does the body end? */
const framings = [
  ['content-length: 0'],
  ['content-length: 5', 'transfer-encoding: chunked'],
  ['transfer-encoding: chunked', 'content-length: 5'],
  ['content-length: 0', 'content-length: 70'],
  ['content-length: 5, 5'],
  ['content-length: +5'],
  ['content-length: -1'],
  ['content-length: 0x5'],
  ['content-length: 00'],
  ['content-length: 5 '],
  ['content-length:'],
  ['content-length: 18446744073709551616'],
  ['content-length : 5'],
  ['transfer-encoding: identity'],
  ['transfer-encoding: chunked, identity'],
  ['transfer-encoding: identity, chunked'],
  ['transfer-encoding: xchunked'],
  ['transfer-encoding:\tchunked'],
  ['transfer-encoding: chunked', 'transfer-encoding: x'],
  ['transfer-encoding : chunked'],
  ['transfer-encoding: "chunked"'],
  ['transfer-encoding: chunked;q=1'],
  ['Transfer-Encoding:\r\n chunked'],
  ['x: y\r\n\tcontent-length: 5'],
  ['x: y\rcontent-length: 5'],
  ['x: y\ncontent-length: 5'],
  ['x: y\0', 'content-length: 5'],
  ['transfer-encoding: chunked', 'trailer: authorization'],
  ['expect: 100-continue', 'content-length: 5'],
  ['expect: x', 'transfer-encoding: chunked'],
  ['connection: close, content-length', 'content-length: 5'],
  ['connection: upgrade', 'upgrade: x', 'content-length: 5'],
] as const;

/** Heads that are not written as the standard wants: line ends, spaces, versions, names. */
const spellings = [
  'GET /healthz HTTP/1.1\nhost: 127.0.0.1\n\n',
  'GET /healthz HTTP/1.1\rhost: 127.0.0.1\r\r',
  'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\n\r\n',
  'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\n',
  '\r\n\r\nGET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'GET  /healthz  HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'GET\t/healthz\tHTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  ' GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n host: 127.0.0.1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: example.org\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n: 1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n\x00x: 1\r\n\r\n',
  'GET /healthz HTTP/0.9\r\n\r\n',
  'GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n',
  'GET /healthz HTTP/1.2\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /healthz HTTP/2.0\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /healthz HTTP/11\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /healthz RTSP/1.0\r\nhost: 127.0.0.1\r\n\r\n',
  'SOURCE /healthz ICE/1.0\r\nhost: 127.0.0.1\r\n\r\n',
  'get /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
] as const;
