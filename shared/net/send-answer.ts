import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** Most of a body that waits for one client at a time, in bytes. */
const pieceBytes = 64 * 1024;

/** Answers, and hands a large body over piece by piece, as fast as the client reads. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, contentType, body } = answer;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    ...answer.headers,
  });
  if (request.method === 'HEAD') response.end();
  else if (body.length <= pieceBytes) response.end(body);
  else writeInPieces(response, typeof body === 'string' ? Buffer.from(body) : body);
}

function writeInPieces(response: ServerResponse, body: Buffer): void {
  let sent = 0;
  const goOn = () => {
    while (sent < body.length && !response.destroyed) {
      const piece = body.subarray(sent, sent + pieceBytes);
      sent += piece.length;
      if (!response.write(piece)) {
        response.once('drain', goOn);
        return;
      }
    }
    response.end();
  };
  goOn();
}
