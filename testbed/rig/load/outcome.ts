import type { Reply } from './connection.ts';

/**
 * Why a request failed. `deadline`: no whole answer in time; `connection`: it broke, or was refused; `status`: not 200;
 * `too-many-in-flight`: it was never sent; `stopped`: the load was ended before its answer.
 */
export type Failure = 'deadline' | 'connection' | 'status' | 'too-many-in-flight' | 'stopped';

/** What became of one request. Times in ms from the start of the load. */
export interface Outcome {
  /** When it was meant to be sent; response times count from here, so a late generator flatters no server. */
  readonly atMs: number;
  /** How late it was sent, in ms. */
  readonly lagMs: number;
  readonly endedAtMs: number;
  /** The server that answered, by header `x-server`; null where none did. */
  readonly server: string | null;
  /** Of the answer; null where there was none in time. */
  readonly status: number | null;
  readonly failure: Failure | null;
  /** How the connection ended, of the failure `connection`; null of others. */
  readonly detail: string | null;
}

export const noAnswer = { server: null, status: null } as const;

/** What a reply means, whatever its times. */
export function resultOf(reply: Reply): Omit<Outcome, 'atMs' | 'lagMs' | 'endedAtMs'> {
  if (reply.kind === 'answered') {
    const { server, status } = reply.response;
    return { server, status, failure: status === 200 ? null : 'status', detail: null };
  }
  if (reply.kind !== 'broken') return { ...noAnswer, failure: reply.kind, detail: null };
  const { error, reused, unanswered } = reply;
  const detail = `${error}${reused ? ', reused connection' : ''}${unanswered ? '' : ', half an answer'}`;
  return { ...noAnswer, failure: 'connection', detail };
}
