import { connect } from 'node:net';
import type { Problem } from '../shared/contract/problem.ts';
import { haproxyIncomplete, haproxyReply, haproxyTimeout } from '../shared/contract/problems/haproxy-socket.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import type { SocketAddress } from './socket-address.ts';
import { socketProblem } from './socket-problem.ts';

export interface ExchangeOptions {
  readonly address: SocketAddress;
  /** How messages name the socket. */
  readonly where: string;
  /** Deadline for the whole exchange, from connecting to the end of the reply, in ms. */
  readonly timeoutMs: number;
  readonly maxReplyBytes: number;
}

/**
 * One connection, one line, the reply until HAProxy closes. Only the end of the stream makes a reply complete: after a
 * timeout, a reset or too many bytes none of it is returned, because what is missing is unknown.
 */
export async function exchange(line: string, options: ExchangeOptions): Promise<Result<string, Problem>> {
  const reply = await readReply(line, options);
  if (reply.kind === 'complete') return ok(reply.text);
  if (reply.kind === 'failed') return err(await socketProblem(reply.error, options));
  if (reply.kind === 'timeout') return err(haproxyTimeout(options.where, options.timeoutMs));
  if (reply.kind === 'too-large') return err(tooLarge(options));
  return err(haproxyIncomplete(options.where, reply.kind));
}

function tooLarge({ where, maxReplyBytes }: ExchangeOptions): Problem {
  const expected = `at most ${maxReplyBytes} bytes`;
  return haproxyReply(where, 'the reply is too large', { expected, fix: "Is this HAProxy's stats socket?" });
}

type Reply =
  | { readonly kind: 'complete'; readonly text: string }
  | { readonly kind: 'timeout' | 'too-large' | 'closed without an answer' | 'closed early' }
  | { readonly kind: 'failed'; readonly error: NodeJS.ErrnoException };

function readReply(line: string, { address, timeoutMs, maxReplyBytes }: ExchangeOptions): Promise<Reply> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
    );
    const finish = (reply: Reply) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(reply);
    };
    const deadline = setTimeout(() => finish({ kind: 'timeout' }), timeoutMs);
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxReplyBytes) finish({ kind: 'too-large' });
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      if (bytes === 0) finish({ kind: 'closed without an answer' });
      else finish({ kind: 'complete', text: Buffer.concat(chunks).toString('utf8') });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'failed', error }));
    socket.on('close', () => finish({ kind: 'closed early' }));
  });
}
