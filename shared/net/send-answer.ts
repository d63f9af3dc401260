import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import type { UnreadAnswers } from './unread-answers.ts';

/** Most of a body that waits for one client at a time, in bytes. */
const pieceBytes = 64 * 1024;

/** Answers, and hands a large body over piece by piece, as fast as the client reads. `cutOff` ends the connection. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  unread: UnreadAnswers,
  cutOff: () => void,
): void {
  const { status, contentType, body } = answer;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    ...answer.headers,
  });
  if (request.method === 'HEAD') {
    response.end();
  } else if (body.length <= pieceBytes) {
    response.end(body);
  } else {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.once('close', unread.add(bytes, cutOff));
    writeInPieces(response, bytes);
  }
}

function writeInPieces(response: ServerResponse, body: Buffer): void {
  let sent = 0;
  const goOn = () => {
    while (sent < body.length) {
      if (response.destroyed) return;
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
