// The application of compose.yaml: every request burns real CPU, in turn. It paces itself to nothing: what a container may
// use, the engine holds it to.
//   node testbed/rig/container-app.js [HOST:PORT]     0.0.0.0:8080 unless given
//   GET /                 answers when 5 ms of CPU were burnt for it, with the container's host name in header x-server
//   GET /work?cpuMs=20    the same with as much CPU as asked for, 0 to 10000 ms
//   GET /healthz
import { createServer, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseListenAddress } from '../../shared/net/listen-address.ts';
import { queueWork } from './queue-work.ts';
import { WorkQueue } from './work-queue.ts';

const defaultDemandCpuMs = 5;
const maxDemandCpuMs = 10_000;

const queue = new WorkQueue(() => nextTurn());
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  response.setHeader('x-server', hostname());
  if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405);
  else if (url.pathname === '/healthz') answer(response, 200);
  else if (url.pathname === '/' || url.pathname === '/work') work(url, response);
  else answer(response, 404);
});
// HAProxy keeps connections to reuse them; closing an idle one just then would fail the request that it sends
server.keepAliveTimeout = 0;
const { host, port } = parseListenAddress(process.argv[2] ?? '0.0.0.0:8080', 'argument 1');
server.listen(port, host);

// What is being answered is answered to its end, and that is the end of this process; a second signal does not wait for it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => server.close());
}

function work(url: URL, response: ServerResponse): void {
  const demandCpuMs = Number(url.searchParams.get('cpuMs') ?? defaultDemandCpuMs);
  queueWork(queue, { demandCpuMs, maxDemandCpuMs, response, answer });
}

function answer(response: ServerResponse, status: number): void {
  // a connection that stays open after it would keep a stopping server from its end
  if (!server.listening) response.setHeader('connection', 'close');
  response.writeHead(status).end();
}
