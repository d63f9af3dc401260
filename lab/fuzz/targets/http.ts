import { connect, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Haweight } from '../../../test/support/process.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { httpRequests } from '../http-requests.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { type OpenTarget, splitInput, type Target } from '../target.ts';
import { demand } from '../violation.ts';

const token = 'a-token-that-only-we-know-0123456789';
const corpus = { inputs: httpRequests(token), maxBytes: 128 * 1024 };
const headBytes = 4;
/** An answer is complete when no byte was sent or received for this long, in ms. */
const silenceMs = 15;
/** How long a request of another client may take, in ms; long enough for a busy machine. */
const probeMs = 10_000;
const mostConnections = 24;
/** Statuses that a server may answer with. */
const known = new Set(['200', '400', '401', '404', '405', '408', '413', '417', '421', '429', '431', '503']);

const cases = withHead(headBytes, casesFrom(corpus));

export const httpAgentTarget: Target = {
  cases,
  open: async () => {
    await using stack = new AsyncDisposableStack();
    const flags = ['agent', '--listen', '127.0.0.1:0', '--scope', 'host'];
    const process = stack.use(new Haweight(flags, { HAWEIGHT_AGENT_TOKEN: token }));
    return await openServer(process, stack.move());
  },
};

export const httpControllerTarget: Target = {
  cases,
  open: async () => {
    await using stack = new AsyncDisposableStack();
    const servers = [1, 2, 3].map((port) => ({ name: `s${port}`, address: `127.0.0.1:${port}` }));
    const configuration = renderConfiguration({ backends: [{ name: 'web', servers }] });
    const { socket } = stack.use(await startHaproxy({ configuration }));
    const flags = ['controller', '--listen', '127.0.0.1:0', '--socket', socket, '--backend', 'web'];
    const process = stack.use(new Haweight(flags, { HAWEIGHT_CONTROLLER_TOKEN: token }));
    return await openServer(process, stack.move());
  },
};

async function openServer(process: Haweight, stack: AsyncDisposableStack): Promise<OpenTarget> {
  const listening = () => /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(process.stderr)?.[1] ?? null;
  const port = Number(await until(() => `it listens: ${process.stderr}`, listening));
  const healthy = () => ask(port, '127.0.0.1').then((status) => status === '200');
  await until('it is healthy', healthy);
  return {
    watchedPid: process.pid,
    check: async (input) => {
      const outcome = await exchange(input, port);
      demand(process.isRunning, 'the server has ended');
      demand(!/request failed|uncaught/.test(process.stderr), () => `it logged ${process.stderr.slice(-500)}`);
      return outcome;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/**
 * First byte: how the bytes are sent. Second: on how many connections. Two more: the client's address, so that most cases
 * stay below the limits for each address. The rest is sent.
 */
async function exchange(input: Buffer, port: number): Promise<string> {
  const [[how = 0, many = 0, high = 0, low = 0], bytes] = splitInput(input, headBytes);
  const connections = many < 200 ? 1 : 2 + (many % mostConnections);
  const clients = Array.from({ length: connections }, () => new Client(port, `127.1.${high}.${1 + (low % 254)}`));
  try {
    await Promise.all(clients.map((client) => client.send(bytes, how)));
    const probe = await ask(port, `127.2.${low}.${1 + (high % 254)}`);
    demand(probe === '200' || probe === '503', () => `another client's request was answered with ${probe}`);
    const [first] = clients;
    const answer = (await first?.answer()) ?? '';
    for (const client of clients) checkAnswer(await client.answer(), bytes);
    return describe(answer);
  } finally {
    for (const client of clients) client.close();
  }
}

/** The answer is HTTP with an expected status, and what needs the token is not given without it. */
function checkAnswer(answer: string, bytes: Buffer): void {
  if (answer === '') return;
  const statuses = statusesOf(answer);
  demand(
    statuses.length > 0 && answer.startsWith('HTTP/1.1 '),
    () => `it answered ${JSON.stringify(answer.slice(0, 80))}`,
  );
  const strange = statuses.find((status) => !known.has(status));
  demand(strange === undefined, () => `it answered with status ${strange}`);
  const secret = /"effectiveCores"|"policy"|^haweight_/m.test(answer);
  demand(!secret || bytes.includes(token), 'what needs the token was given without it');
  demand(!answer.includes(token), 'the token comes back');
}

function statusesOf(answer: string): readonly string[] {
  return Array.from(answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), ([, status = '']) => status);
}

function describe(answer: string): string {
  const statuses = statusesOf(answer);
  if (statuses.length === 0) return 'no answer';
  return [...new Set(statuses)].sort().join(' and ');
}

/** A client that sends any bytes and ignores errors. */
class Client {
  readonly #socket: Socket;
  readonly #parts: Buffer[] = [];
  #heardMs = performance.now();
  #closed = false;

  constructor(port: number, localAddress: string) {
    this.#socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#closed = true;
    });
    this.#socket.on('end', () => {
      this.#closed = true;
    });
    this.#socket.on('data', (part) => {
      this.#heardMs = performance.now();
      this.#parts.push(part);
    });
  }

  async send(bytes: Buffer, how: number): Promise<void> {
    const half = bytes.subarray(0, bytes.length >> 1);
    if (how < 100) this.#socket.write(bytes);
    else if (how < 130) this.#socket.end(bytes);
    else if (how < 150) this.#socket.write(half, () => this.#socket.resetAndDestroy());
    else if (how < 170) this.#socket.end(half);
    else if (how < 190) this.#socket.write(half);
    else {
      const size = Math.max(1, Math.ceil(bytes.length / 12));
      for (let start = 0; start < bytes.length; start += size) {
        this.#socket.write(bytes.subarray(start, start + size));
        await turn();
      }
    }
    this.#heardMs = performance.now();
  }

  /** All that was received, once it is complete. */
  async answer(): Promise<string> {
    while (!this.#closed && performance.now() - this.#heardMs < silenceMs) await delay(2);
    return Buffer.concat(this.#parts).toString('latin1');
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A valid request on its own connection. Returns the status; rejects if none is received in time. */
function ask(port: number, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let text = '';
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(statusesOf(text)[0] ?? 'nothing');
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`another client's request was not answered within ${probeMs} ms`));
    }, probeMs);
    socket.on('error', finish);
    socket.on('end', finish);
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.write('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');
  });
}
