import { limits } from '../../../shared/net/limits.ts';
import { demand } from '../violation.ts';
import { checkAnswers, type Sent } from './check-answers.ts';
import { readRequests } from './clean-requests.ts';
import type { Plan } from './plan.ts';
import { type Destination, type Identity, RawClient } from './raw-client.ts';
import { serverKinds } from './server-kinds.ts';

/** A server must end the connection of a client that sends no more, in ms: before its limit for slow clients does. */
const endMs = limits.answerMs - 2_000;
/** So many requests that an address sends at once must all be answered. */
const surelyAllowed = limits.requests.burst / 2;
const lastRequest = Buffer.from('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');

export interface Exchanged {
  /** Statuses on the first connection. */
  readonly outcome: string;
  readonly receivedBytes: number;
  /** Connections that their client has left open. */
  readonly leftOpen: readonly RawClient[];
}

/** Sends the bytes on each connection, and checks what is received. Throws a Violation. */
export async function exchange(plan: Plan, to: Omit<Destination, 'tls'>, known: Identity | null): Promise<Exchanged> {
  const kind = serverKinds[plan.server];
  const identity = plan.hasCertificate ? known : null;
  const tls = kind.hasTls && !plan.isRaw ? (identity ?? {}) : null;
  const isHeard = kind.hasTls === (tls !== null) && (!kind.asksForCertificate || identity !== null);
  const startMs = performance.now();
  using stack = new DisposableStack();
  const clients = Array.from({ length: plan.connections }, () => stack.use(new RawClient({ ...to, tls })));
  const sent = await Promise.all(clients.map((client) => send(client, plan)));
  const statuses = sent.map((each, index) => {
    const received = clients[index]?.received ?? '';
    if (isHeard) return checkAnswers(kind, each, received).map(({ status }) => status);
    demand(!received.includes('HTTP/1.1 '), 'a client without TLS or without a certificate was answered');
    return [];
  });
  checkRate(statuses.flat(), performance.now() - startMs);
  const outcome = [...new Set(statuses[0])].sort().join(' and ') || 'no answer';
  const receivedBytes = clients.reduce((sum, { received }) => sum + received.length, 0);
  if (plan.delivery !== 'left open') return { outcome, receivedBytes, leftOpen: [] };
  stack.move();
  return { outcome, receivedBytes, leftOpen: clients };
}

/** Sends as planned, until nothing more is to be received. */
async function send(client: RawClient, { delivery, bytes, ends, connections }: Plan): Promise<Sent> {
  const isWhole = delivery === 'whole' || delivery === 'pieces';
  if (isWhole && isSurelyAnswered(bytes, connections)) {
    const all = Buffer.concat([bytes, lastRequest]);
    await client.send(all, delivery === 'pieces' ? ends : []);
    await demandEnd(client);
    return { bytes: all, ...readRequests(all), exact: true };
  }
  const isAll = isWhole || delivery === 'half-closed' || delivery === 'unread';
  const part = isAll ? bytes : bytes.subarray(0, bytes.length >> 1);
  if (delivery === 'unread') client.pause();
  await client.send(part, delivery === 'pieces' ? ends : []);
  if (delivery === 'reset') client.reset();
  else if (delivery === 'left open') await client.untilSilent();
  else if (delivery !== 'unread') {
    if (delivery !== 'half-closed') await client.untilSilent();
    client.halfClose();
    await demandEnd(client);
  }
  return { bytes: part, ...readRequests(part), exact: false };
}

/** Whether all of it is requests that each get an answer, on a connection that goes on. */
function isSurelyAnswered(bytes: Buffer, connections: number): boolean {
  const { clean, rest } = readRequests(bytes);
  return rest === '' && connections * (clean.length + 2) <= surelyAllowed && !clean.some(({ closes }) => closes);
}

async function demandEnd(client: RawClient): Promise<void> {
  demand(await client.endsWithin(endMs), `the server keeps a connection for ${endMs} ms after its client sent all`);
}

/** An address gets its requests answered at a limited rate, whatever it sends; refusals count but those for the rate. */
function checkRate(statuses: readonly number[], tookMs: number): void {
  const { burst, perSecond } = limits.requests;
  const answered = statuses.filter((status) => status !== 429).length;
  const most = Math.ceil(burst + (perSecond * tookMs) / 1_000) + 1;
  demand(answered <= most, () => `one address got ${answered} answers at once, over ${most}`);
}
