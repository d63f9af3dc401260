// An application server of the demo: every request burns real CPU, held to a quota as a small VM would be.
//   node testbed/rig/app-server.ts --name s1 --listen 127.0.0.11:9480 --cores 0.1
//   GET /work?cpuMs=6          answers when 6 ms of CPU were burnt for it, in turn
//   PUT /neighbour?share=0.5   a noisy neighbour burns half of the quota from now on; 0 ends it
//   GET /healthz
import { createServer, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { parseListenAddress } from '../../shared/net/listen-address.ts';
import { queueWork } from './queue-work.ts';
import { Worker } from './worker.ts';

/** The most CPU that one request may ask for, in ms. */
const maxDemandCpuMs = 10_000;
/** The most that a neighbour may take; the requests keep the rest. */
const maxNeighbourShare = 0.95;
/** How often to look whether the parent is still there: one that was killed cannot end this process itself. */
const orphanCheckMs = 500;

const { values } = parseArgs({
  options: { name: { type: 'string' }, listen: { type: 'string' }, cores: { type: 'string' } },
});
const name = values.name ?? 'app';
const worker = new Worker(Number(values.cores ?? 1));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  response.setHeader('x-server', name);
  if (request.method === 'GET' && url.pathname === '/work') work(url, response);
  else if (request.method === 'PUT' && url.pathname === '/neighbour') setNeighbour(url, response);
  else answer(response, url.pathname === '/healthz' ? 200 : 404);
});
// HAProxy keeps connections to reuse them; closing an idle one just then would fail the request that it sends
server.keepAliveTimeout = 0;
const { host, port } = parseListenAddress(values.listen ?? '127.0.0.1:0', '--listen');
server.listen(port, host);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, orphanCheckMs).unref();

function work(url: URL, response: ServerResponse): void {
  const demandCpuMs = Number(url.searchParams.get('cpuMs'));
  queueWork(worker, { demandCpuMs, maxDemandCpuMs, response, answer });
}

function setNeighbour(url: URL, response: ServerResponse): void {
  const share = Number(url.searchParams.get('share'));
  if (!(share >= 0 && share <= maxNeighbourShare)) {
    answer(response, 400);
    return;
  }
  worker.setNeighbour(share).then(
    () => answer(response, 204),
    () => answer(response, 500),
  );
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
