/** Requests such as browsers, scrapers, clients of other protocols and attackers send. */
export function httpRequests(token: string): readonly [Buffer, ...Buffer[]] {
  const bearer = `authorization: Bearer ${token}`;
  const request = (line: string, ...headers: readonly string[]) =>
    `${[line, 'host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;
  const paths = ['/v1/snapshot', '/v1/status', '/metrics', '/healthz', '/', '/v1/../v1/status', '/%00', '//'];
  const flood = Array.from({ length: 400 }, (_, index) => `x-${index}: ${'v'.repeat(50)}`);
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
  ];
  const clientHello = Buffer.from('16030100c8010000c40303', 'hex');
  return [clientHello, ...texts.map((text) => Buffer.from(text))];
}
