import { demand } from '../violation.ts';
import { type Answer, readAnswers } from './answers.ts';
import { type CleanRequest, mostAnswers, type ReadRequests } from './clean-requests.ts';
import { bodies, type ServerKind, secret, token } from './server-kinds.ts';

/** What a client sent, and what is known of how. */
export interface Sent extends ReadRequests {
  readonly bytes: Buffer;
  /** All of it went out, within the limits, and the last request closes: so each request must have its answer. */
  readonly exact: boolean;
}

/** Statuses that a server may answer with. */
const known = new Set([200, 400, 401, 404, 405, 408, 413, 417, 421, 429, 431, 501, 503]);
/** These may come in place of any answer, and end the connection. */
const limited = new Set([408, 429, 503]);
/** And these where what follows the clean requests cannot be read. */
const refusing = new Set([400, 413, 431]);

/** Throws a Violation unless a server of this kind may answer so. */
export function checkAnswers(kind: ServerKind, sent: Sent, received: string): readonly Answer[] {
  const { clean, rest, bytes, exact } = sent;
  const maybeHead = bytes.includes('HEAD ') ? null : false;
  const { answers, cut } = readAnswers(received, (index) => {
    const request = clean[index];
    return request === undefined ? maybeHead : request.method === 'HEAD';
  });
  for (const [index, answer] of answers.entries()) {
    demand(known.has(answer.status), () => `it answered with status ${answer.status}`);
    demand(!kind.hasToken || !answer.body.includes(token), 'the token comes back');
    const request = clean[index];
    if (request === undefined) checkUnknown(kind, bytes, answer);
    else if (exact || index < answers.length - 1 || !mayEndWith(answer, rest)) checkKnown(kind, request, answer);
  }
  const closing = clean.findIndex(({ closes }) => closes);
  const most = closing >= 0 ? closing + 1 : clean.length + mostAnswers(rest);
  demand(answers.length <= most, () => `${answers.length} answers to at most ${most} requests`);
  if (exact) demand(answers.length === most && !cut, () => `${answers.length} answers to ${most} requests`);
  return answers;
}

function mayEndWith({ status, closes }: Answer, rest: string): boolean {
  return closes && (limited.has(status) || (rest !== '' && refusing.has(status)));
}

function checkKnown(kind: ServerKind, request: CleanRequest, { status, body }: Answer): void {
  const expected = statusFor(kind, request);
  const told = () => `${request.method} ${request.path} was answered with ${status}, not ${expected}`;
  demand(status === expected, told);
  if (request.method === 'HEAD') return;
  if (status === 200) demand(body === bodies[request.path], 'the body is not that of its path');
  else demand(!body.includes(secret), 'what needs the token was given with a refusal');
}

function statusFor({ hasToken, hasTls }: ServerKind, { method, path, host, authorization }: CleanRequest): number {
  if (!hasToken && !hasTls && host.startsWith('example.org')) return 421;
  if (hasToken && path !== '/healthz' && authorization !== `Bearer ${token}`) return 401;
  if (!Object.hasOwn(bodies, path)) return 404;
  return method === 'GET' || method === 'HEAD' ? 200 : 405;
}

/** Of requests that no two readers need to understand alike, only what must never be is known. */
function checkUnknown({ hasToken, asksForCertificate }: ServerKind, bytes: Buffer, { body }: Answer): void {
  if (!body.includes(secret)) return;
  if (hasToken) demand(bytes.includes(token), 'what needs the token was given without it');
  else if (!asksForCertificate) {
    const own = /127\.|localhost|\[/i.test(bytes.toString('latin1'));
    demand(own, 'a request for another host was answered');
  }
}
