import { METHODS } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/** What a flood does on one of its connections, from the moment that it stands. */
export type Act = (socket: Socket) => void;

export interface Kind {
  /** `path`: what may be asked for there. */
  readonly act: (path: string) => Act | Promise<Act>;
  /** What is flooded serves HTTPS, and each connection speaks TLS, or only what the kind itself sends. Plain HTTP unless given. */
  readonly tls?: 'spoken' | 'by hand';
  /** Against a controller whose status is large. */
  readonly largeAnswers?: boolean;
}

/** What is sent at once, in bytes: as much as one read of a server takes. */
const chunkBytes = 64 * 1024;
const host = 'Host: localhost\r\n';
const slowMs = 200;
/** More than any server waits for, in bytes. */
const hugeBytes = 1e12;
/** Just below the limit of 8 KiB on a request's headers. */
const manyHeaders = Array.from({ length: 700 }, (_, index) => `x${index}: 1\r\n`).join('');

/** Sends this again and again, as fast as it is taken. */
function endless(bytes: string): Act {
  const chunk = Buffer.from(bytes.repeat(Math.max(1, Math.floor(chunkBytes / bytes.length))));
  return (socket) => {
    const send = () => void socket.write(chunk);
    socket.on('drain', send);
    send();
  };
}

/** Sends the first part, then the second again and again. */
function then(first: string | Buffer, second: Act): Act {
  return (socket) => {
    socket.write(first);
    second(socket);
  };
}

const once =
  (bytes: string): Act =>
  (socket) =>
    void socket.write(bytes);

/** Sends this, and again with each answer. */
function withEachAnswer(bytes: string): Act {
  return (socket) => {
    socket.write(bytes);
    socket.on('data', () => void socket.write(bytes));
  };
}

function slowly(act: (socket: Socket) => void): Act {
  return (socket) => {
    const timer = setInterval(() => act(socket), slowMs);
    socket.once('close', () => clearInterval(timer));
  };
}

/** How a TLS client begins. Sending it again costs nothing; a server signs an answer to each. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const socket = new Duplex({ read: () => {}, write: (chunk: Buffer) => resolve(chunk) });
  const client = connectTls({ socket }).on('error', () => {});
  const hello = await promise;
  client.destroy();
  return hello;
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\n${host}${headers}\r\n`;
const post = (headers: string) => `POST / HTTP/1.1\r\n${host}${headers}\r\n`;
const close: Act = (socket) => void socket.destroy();
const nothing: Act = () => {};

/** The kinds of floods, by name. docs/security.md shows what each one does. */
export const kinds = {
  pipelining: { act: () => endless(get('/')) },
  'no host': { act: () => endless('GET / HTTP/1.1\r\nHost:\r\n\r\n') },
  requests: { act: (path) => withEachAnswer(get(path)) },
  bursts: { act: (path) => withEachAnswer(get(path).repeat(150)) },
  expect: { act: () => endless(get('/', 'Expect: x\r\n')) },
  continue: { act: () => endless(post('Expect: 100-continue\r\nContent-Length: 0\r\n')) },
  'endless body': { act: () => then(post(`Content-Length: ${hugeBytes}\r\n`), endless('body')) },
  'chunked body': { act: () => then(post('Transfer-Encoding: chunked\r\n'), endless('4\r\nbody\r\n')) },
  'unsent body': { act: () => once(post('Content-Length: 9\r\n')) },
  'endless header': { act: () => then(`GET / HTTP/1.1\r\n${host}`, endless('x: 1\r\n')) },
  'many headers': { act: () => endless(get('/', manyHeaders)) },
  'huge header': { act: () => then(`GET / HTTP/1.1\r\n${host}x: `, endless('x')) },
  'slow header': {
    act: () =>
      then(
        `GET / HTTP/1.1\r\n${host}x: `,
        slowly((socket) => void socket.write('x')),
      ),
  },
  'bad requests': { act: () => endless('X\r\n\r\n') },
  upgrades: { act: () => endless(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')) },
  connects: { act: () => endless(`CONNECT localhost:22 HTTP/1.1\r\n${host}\r\n`) },
  methods: { act: (path) => endless(METHODS.map((method) => `${method} ${path} HTTP/1.1\r\n${host}\r\n`).join('')) },
  'connect and close': { act: () => close },
  silent: { act: () => nothing },
  'idle after an answer': { act: () => once(get('/healthz')) },
  'half-closed': { act: (path) => (socket) => void socket.end(get(path)) },
  'not reading': {
    largeAnswers: true,
    act: (path) => (socket) => {
      socket.pause();
      endless(get(path))(socket);
    },
  },
  'slow reading': {
    largeAnswers: true,
    act: (path) => (socket) => {
      socket.pause();
      socket.write(get(path).repeat(50));
      slowly(() => void socket.read(chunkBytes))(socket);
    },
  },
  'tls handshakes': { tls: 'spoken', act: () => close },
  'tls hellos': {
    tls: 'by hand',
    act: async () =>
      then(
        await clientHello(),
        slowly((socket) => void socket.destroy()),
      ),
  },
  'tls pipelining': { tls: 'spoken', act: () => endless(get('/')) },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly KindName[];
export const kindOf = (name: KindName): Kind => kinds[name];
