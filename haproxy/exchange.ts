import { connect } from 'node:net';
import type { Problem } from '../shared/contract/problem.ts';
import {
  haproxyIncomplete,
  haproxyReply,
  haproxyTimeout,
  socketMaster,
} from '../shared/contract/problems/haproxy-socket.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { accessLevels } from './process-info.ts';
import { withoutSeverity } from './reply.ts';
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
  if (reply.kind === 'timeout') {
    return err(isMaster(reply.text) ? socketMaster(options.where) : haproxyTimeout(options.where, options.timeoutMs));
  }
  if (reply.kind === 'too-large') return err(tooLarge(options));
  return err(haproxyIncomplete(options.where, reply.kind));
}

/**
 * Whether this is how the socket of the master process (`-S`) answers: it keeps the connection open, and knows none of the
 * commands that are sent here but `show cli level`.
 */
function isMaster(text: string): boolean {
  const said = withoutSeverity(text);
  return /^Unknown command/i.test(said) || accessLevels.some((level) => said === `${level}\n\n`);
}

function tooLarge({ where, maxReplyBytes }: ExchangeOptions): Problem {
  const expected = `at most ${maxReplyBytes} bytes`;
  return haproxyReply(where, 'the reply is too large', { expected, fix: "Is this HAProxy's stats socket?" });
}

type Reply =
  /** `text`: all of it, or what had come by the deadline. */
  | { readonly kind: 'complete' | 'timeout'; readonly text: string }
  | { readonly kind: 'too-large' | 'closed without an answer' | 'closed early' }
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
    const text = () => Buffer.concat(chunks).toString('utf8');
    const deadline = setTimeout(() => finish({ kind: 'timeout', text: text() }), timeoutMs);
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxReplyBytes) finish({ kind: 'too-large' });
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      if (bytes === 0) finish({ kind: 'closed without an answer' });
      else finish({ kind: 'complete', text: text() });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'failed', error }));
    socket.on('close', () => finish({ kind: 'closed early' }));
  });
}
