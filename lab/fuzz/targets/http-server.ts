import fc from 'fast-check';
import { limits } from '../../../shared/net/limits.ts';
import { readAnswers } from '../http/answers.ts';
import { exchange } from '../http/exchange.ts';
import { LeftOpen } from '../http/left-open.ts';
import { headBytes, planOf } from '../http/plan.ts';
import { RawClient } from '../http/raw-client.ts';
import { bodies, type ServerName, serverKinds, serverNames, token } from '../http/server-kinds.ts';
import { Servers } from '../http/servers.ts';
import { Spending } from '../http/spending.ts';
import { httpRequests } from '../http-requests.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import type { OpenTarget, Target } from '../target.ts';
import { demand } from '../violation.ts';

const inputs = httpRequests(token);
const maxBytes = 64 * 1024;
const request = fc.oneof(fc.constantFrom(...inputs), casesFrom({ inputs, maxBytes }));
/** One request, which a case may repeat, or a pipeline of several. */
const pipelines = fc
  .oneof(
    request.map((one) => [one]),
    fc.array(request, { minLength: 2, maxLength: 6 }),
  )
  .map((parts) => Buffer.concat(parts).subarray(0, maxBytes));

const ordinaryRequest = Buffer.from(
  `GET /v1/snapshot HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
);
/** How long a request of another client may take, in ms; long enough for a busy machine. */
const probeMs = 10_000;
/** Silent connections that are left open at once, and how long the server may keep one, in ms. */
const mostLeftOpen = 40;
const keptMs = limits.keepAliveMs.known + 2 * limits.requestMs + 10_000;
/** Cases that compile the code before memory at rest is measured. */
const warmUp = 10;

export const httpServerTarget: Target = { cases: withHead(headBytes, pipelines), open: openHttpServer };

async function openHttpServer(): Promise<OpenTarget> {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(new Servers());
  await servers.start();
  const clients = stack.use(new LeftOpen(keptMs, mostLeftOpen));
  let asked = 0;
  /** A new address each time, so that no case meets the limits of another. */
  const nextAddress = () => {
    asked += 1;
    return `127.${16 + (asked >> 16)}.${(asked >> 8) & 255}.${asked & 255}`;
  };
  const probe = async (name: ServerName) => {
    const port = servers.portOf(name);
    if (port === null) return;
    const tls = serverKinds[name].hasTls ? (servers.client ?? {}) : null;
    using client = new RawClient({ port, localAddress: nextAddress(), tls });
    await client.send(ordinaryRequest, []);
    demand(await client.endsWithin(probeMs), "another client's connection did not end");
    const { answers } = readAnswers(client.received, () => false);
    const isRight = answers.length === 1 && answers[0]?.body === bodies['/v1/snapshot'];
    demand(isRight, () => `another client's request was answered with ${client.received.slice(0, 60)}`);
  };
  for (let count = 0; count < warmUp; count += 1) for (const name of serverNames) await probe(name);
  await servers.report('report of the heap');
  const spending = new Spending(servers);

  const check = async (input: Buffer): Promise<string> => {
    const plan = planOf(input);
    const port = servers.portOf(plan.server);
    if (port === null) return `${plan.server}: no openssl`;
    await spending.begin();
    const { outcome, receivedBytes, leftOpen } = await exchange(
      plan,
      { port, localAddress: nextAddress() },
      servers.client,
    );
    clients.add(leftOpen);
    await probe(plan.server);
    await spending.check(plan, receivedBytes);
    return `${plan.server}: ${outcome}`;
  };
  const open = stack.move();
  return {
    watchedPid: servers.child.pid,
    heapBytes: async () => (await servers.report('report of the heap')).heapBytes,
    // its client's, which says nothing of the server's
    maxCpuMs: 10_000,
    settle: () => clients[Symbol.dispose](),
    check,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
