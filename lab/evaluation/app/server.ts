// The application of the experiments: every request burns real CPU, within whatever quota its control group has.
//   node lab/evaluation/app/server.ts --name s1 --listen 0.0.0.0:9480 --control 0.0.0.0:9481
//   GET /work?cpuMs=4                       on the first address: answers when 4 ms of CPU were burnt for it, in turn
//   PUT /fault?kind=burn&processes=3        on the second: causes this fault from now on; PUT /fault ends it
import { createServer, type ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseListenAddress } from '../../../shared/net/listen-address.ts';
import { queueWork } from '../../../testbed/rig/queue-work.ts';
import { WorkQueue } from '../../../testbed/rig/work-queue.ts';
import { Burners } from './burners.ts';
import { Door } from './door.ts';
import { silence } from './silence.ts';

/** The most CPU that one request may ask for, in ms. */
const maxDemandCpuMs = 1_000;
const maxBurners = 8;

const { values } = parseArgs({
  options: { name: { type: 'string' }, listen: { type: 'string' }, control: { type: 'string' } },
});
const name = values.name ?? 'app';
const queue = new WorkQueue(nextTurn);
const burners = new Burners();
let isFailing = false;

const app = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  response.setHeader('x-server', name);
  if (isFailing) answer(response, 500);
  else if (url.pathname === '/work') work(url, response);
  else answer(response, 404);
});
// HAProxy keeps connections to reuse them; closing an idle one just then would fail the request that it sends
app.keepAliveTimeout = 0;
const door = new Door(app, parseListenAddress(values.listen ?? '127.0.0.1:9480', '--listen'));
door.open();

const control = parseListenAddress(values.control ?? '127.0.0.1:9481', '--control');
createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://control');
  if (request.method === 'PUT') answer(response, setFault(searchParams) ? 204 : 400);
  else answer(response, 200);
}).listen(control.port, control.host);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    burners.set(0);
    process.exit(0);
  });
}

function work(url: URL, response: ServerResponse): void {
  const demandCpuMs = Number(url.searchParams.get('cpuMs'));
  queueWork(queue, { demandCpuMs, maxDemandCpuMs, response, answer });
}

function setFault(asked: URLSearchParams): boolean {
  const kind = asked.get('kind');
  const processes = kind === 'burn' ? Number(asked.get('processes')) : 0;
  if (!(Number.isInteger(processes) && processes >= 0 && processes <= maxBurners)) return false;
  isFailing = kind === 'failing';
  burners.set(processes);
  if (kind === 'gone') door.slam();
  else door.open();
  silence(kind === 'gone');
  return true;
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
