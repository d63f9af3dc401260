// An application server: every request burns real CPU, one request after the other unless --at-once says more.
//   node testbed/rig/app/main.ts --name s1 --listen 127.0.0.11:9480 --cores 0.1
//   GET /                    answers when the CPU of --cpu-ms was burnt for it, with the server's name in header x-server
//   GET /work?cpuMs=6        the same with as much CPU as asked for, 0 to 10000 ms; with waitMs=150 it waits first, without CPU
//   GET /download            answers 32 MiB, which a client may read as slowly as it likes
//   GET /healthz             answers at once
//   PUT /control?busy=0.05   causes and ends faults: see control.ts
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parseListenAddress } from '../../../shared/net/listen-address.ts';
import { Control } from './control.ts';
import { Door } from './door.ts';
import { Processor } from './processor.ts';

/** Of a download: more than the kernel's buffers hold. */
const downloadBytes = 32 * 2 ** 20;
/** The most CPU, and the longest wait, that one request may ask for, in ms. */
const maxDemandMs = 10_000;

const { values } = parseArgs({
  options: {
    /** The machine's name unless given. */
    name: { type: 'string', default: hostname() },
    listen: { type: 'string', default: '0.0.0.0:8080' },
    /** Where /control is instead of there: it answers also while nothing else does. */
    control: { type: 'string' },
    /** CPU cores that it holds itself to, as a small VM would; without it, no limit. */
    cores: { type: 'string' },
    /** CPU of a request that says nothing else, in ms. */
    'cpu-ms': { type: 'string', default: '5' },
    /** How long a request that says nothing else waits before its work, in ms, as for a database. Waits take no turn. */
    'wait-ms': { type: 'string', default: '0' },
    /** How many requests share the CPU; the next ones wait for their turn. */
    'at-once': { type: 'string', default: '1' },
    /** The first faults, as the query of /control. */
    faults: { type: 'string', default: '' },
    /** When told to end, answer first what was begun; otherwise it ends at once. */
    drain: { type: 'boolean', default: false },
  },
});

const atOnce = Number(values['at-once']);
if (!Number.isInteger(atOnce) || atOnce < 1) throw new RangeError(`--at-once ${values['at-once']}`);
const processor = new Processor(values.cores === undefined ? null : Number(values.cores), atOnce);
const server = createServer(handle);
// HAProxy keeps connections to reuse them; closing an idle one just then would fail the request that it sends
server.keepAliveTimeout = 0;
const door = new Door(server, parseListenAddress(values.listen, '--listen'));
const control = new Control(processor, door);
const started =
  (await control.set(new URLSearchParams({ cpuMs: values['cpu-ms'], waitMs: values['wait-ms'] }))) &&
  (await control.set(new URLSearchParams(values.faults)));
if (!started) {
  throw new RangeError(`--cpu-ms ${values['cpu-ms']} --wait-ms ${values['wait-ms']} --faults ${values.faults}`);
}
door.open();
if (values.control !== undefined) {
  const { host, port } = parseListenAddress(values.control, '--control');
  createServer((request, response) => void handleControl(request, response)).listen(port, host);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // a second signal does not wait for what was begun
  process.once(signal, () => (values.drain ? server.close() : process.exit(0)));
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = urlOf(request);
  response.setHeader('x-server', values.name);
  if (pathname === '/control' && values.control === undefined) void handleControl(request, response);
  else if (control.faults.resetting) response.socket?.resetAndDestroy();
  else if (control.faults.failing !== 0) answer(response, control.faults.failing);
  else if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405);
  else if (pathname === '/healthz') answer(response, 200);
  else if (pathname === '/download') response.end(Buffer.alloc(downloadBytes));
  else if (pathname === '/' || pathname === '/work') work(searchParams, response);
  else answer(response, 404);
}

/** Answers 400 at once for a demand that is none, and drops the work when its client has gone. */
function work(asked: URLSearchParams, response: ServerResponse): void {
  const demandCpuMs = Number(asked.get('cpuMs') ?? control.faults.cpuMs);
  const waitMs = Number(asked.get('waitMs') ?? control.faults.waitMs);
  if (![demandCpuMs, waitMs].every((ms) => ms >= 0 && ms <= maxDemandMs)) {
    answer(response, 400);
    return;
  }
  const job = { demandCpuMs, wanted: true, done: () => answer(response, 200) };
  const begin = () => processor.add(job);
  if (waitMs > 0) setTimeout(begin, waitMs);
  else begin();
  response.once('close', () => {
    job.wanted = false;
  });
}

async function handleControl(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'PUT') answer(response, 200);
  else answer(response, (await control.set(urlOf(request).searchParams)) ? 204 : 400);
}

function answer(response: ServerResponse, status: number): void {
  // a connection that stays open after it would keep a stopping server from its end
  if (!server.listening) response.setHeader('connection', 'close');
  response.writeHead(status).end();
}

function urlOf({ url }: IncomingMessage): URL {
  return new URL(url ?? '/', 'http://app');
}
