import { gzipSync } from 'node:zlib';

/** HTTP answers such as servers, proxies and attackers send. Redirects lead to `elsewhere`. */
export function httpResponses(bodies: readonly Buffer[], elsewhere: string): readonly [Buffer, ...Buffer[]] {
  const [body = Buffer.from('{}')] = bodies;
  const chunk = (part: Buffer) => Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, crlf]);
  const halves = [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)].map(chunk);
  const chunked = Buffer.concat([...halves, Buffer.from('0\r\n\r\n')]);
  const redirect = (location: string) => response('302 Found', [`location: ${location}`], Buffer.from('moved'));
  const flood = Array.from({ length: 60 }, (_, index) => `x-header-${index}: ${'v'.repeat(20)}`);
  return [
    response('200 OK', json, body),
    ...bodies.map((each) => response('200 OK', json, each)),
    Buffer.concat([Buffer.from(`${head('200 OK', [...json, 'transfer-encoding: chunked'])}\r\n`), chunked]),
    Buffer.concat([Buffer.from(`${head('200 OK', json)}\r\n`), body]),
    response('200 OK', [...json, 'content-encoding: gzip'], gzipSync(body)),
    response('200 OK', [...json, 'connection: keep-alive', ...flood], body),
    Buffer.concat([response('200 OK', json, body), response('200 OK', json, body)]),
    Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), response('200 OK', json, body)]),
    response('401 Unauthorized', ['www-authenticate: Bearer'], Buffer.from('no')),
    response('503 Service Unavailable', [], Buffer.from('no sample yet\n')),
    redirect(`/${elsewhere}`),
    redirect(`http://127.0.0.1/${elsewhere}`),
    response('200 OK', ['content-type: text/html'], Buffer.from('<html>login</html>')),
    Buffer.from('HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
    Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'),
  ];
}

const crlf = Buffer.from('\r\n');
const json = ['content-type: application/json; charset=utf-8'];

function head(status: string, headers: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...headers, ''].join('\r\n');
}

function response(status: string, headers: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${head(status, [...headers, `content-length: ${body.length}`])}\r\n`), body]);
}
