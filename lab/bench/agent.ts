import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child } from '../../testbed/rig/child.ts';
import { freePort } from '../../testbed/rig/ports.ts';
import { until } from '../../testbed/rig/wait.ts';
import { processUsage } from '../support/process-usage.ts';

const usage = `npm run bench:agent [-- --seconds 60 --sockets 10,100,1000,10000 --compare]

What an agent costs: the compiled agent as it is installed, host scope, default sampling (1 s) and one poll every 2 s on
a connection that stays open, with real idle TCP sockets on loopback (both ends counted). CPU is what the kernel's
scheduler counted for all its threads (/proc/PID/task/*/schedstat, in ns) after the first 15 s; memory is VmRSS at the end.
The row "Node.js alone" is the least possible: a timer every second and an HTTP server with an answer of the same size.
--compare measures Glances and node_exporter in the same way, where they are installed.
Budget at 100 sockets: 1 ms CPU a poll, 60 MiB.
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    sockets: { type: 'string', default: '10,100,1000,10000' },
    compare: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Not counted, in ms: the start, and the garbage collections that follow it after about 10 s. */
const settleMs = 15_000;
const pollMs = 2_000;
/** File descriptors that this process needs in addition to the sockets. */
const spareDescriptors = 200;

const bin = new URL('../../dist/cli/bin.js', import.meta.url).pathname;
const floor = `
const { createServer } = process.getBuiltinModule('node:http');
setInterval(() => undefined, 1000);
createServer((_, response) => response.end('x'.repeat(1500))).listen(PORT, '127.0.0.1');`;

interface Subject {
  readonly name: string;
  command(port: number): readonly string[];
  readonly path: string;
}

const agent: Subject = {
  name: 'haweight agent',
  command: (port) => [
    ...[process.execPath, bin, 'agent', '--listen', `127.0.0.1:${port}`, '--scope', 'host'],
    ...['--link-speed', '1G', '--log-level', 'error'],
  ],
  path: '/v1/snapshot',
};
const nodeAlone: Subject = {
  name: 'Node.js alone',
  command: (port) => [process.execPath, '-e', floor.replace('PORT', String(port))],
  path: '/',
};
const others: readonly Subject[] = [
  {
    name: 'glances',
    command: (port) => ['glances', '-w', '--disable-webui', '-B', '127.0.0.1', '-p', String(port)],
    path: '/api/3/all',
  },
  {
    name: 'prometheus-node-exporter',
    command: (port) => ['prometheus-node-exporter', `--web.listen-address=127.0.0.1:${port}`],
    path: '/metrics',
  },
];

/** Idle connections on loopback; each is two sockets. */
class IdleSockets implements AsyncDisposable {
  readonly #server = createServer({ pauseOnConnect: true }, (socket) => this.#sockets.push(socket));
  readonly #sockets: Socket[] = [];

  async open(sockets: number): Promise<void> {
    this.#server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    for (let opened = 0; opened < Math.ceil(sockets / 2); opened += 1) {
      const socket = connect(port, '127.0.0.1');
      this.#sockets.push(socket);
      await once(socket, 'connect');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One poll. Resolves when the answer was read; rejects if there is none. */
async function poll(connections: Agent, port: number, path: string): Promise<void> {
  const [response] = await once(get({ host: '127.0.0.1', port, path, agent: connections }), 'response');
  response.resume();
  await once(response, 'end');
}

async function untilServing(child: Child, connections: Agent, port: number, path: string): Promise<void> {
  await until(`${child.name} answers`, async () => {
    child.assertRunning();
    return await poll(connections, port, path).then(
      () => true,
      () => false,
    );
  });
}

async function measure(subject: Subject, sockets: number, seconds: number): Promise<string> {
  await using idle = new IdleSockets();
  await idle.open(sockets);
  const port = await freePort();
  await using child = new Child(subject.name, subject.command(port));
  const connections = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await untilServing(child, connections, port, subject.path);
    const { pid } = child;
    await delay(settleMs);
    const [startMs, before] = [performance.now(), processUsage(pid)];
    let polls = 0;
    for (; polls < (seconds * 1000) / pollMs; polls += 1) {
      await poll(connections, port, subject.path);
      await delay(Math.max(0, startMs + (polls + 1) * pollMs - performance.now()));
    }
    const after = processUsage(pid);
    const cpuMs = (after.cpuMs - before.cpuMs) / polls;
    return row(subject.name, String(sockets), cpuMs.toFixed(2), after.residentMiB.toFixed(1));
  } finally {
    connections.destroy();
  }
}

function row(name: string, sockets: string, cpu: string, resident: string): string {
  return `${name.padEnd(26)}${sockets.padStart(8)}${cpu.padStart(13)}${resident.padStart(15)}`;
}

/** How many file descriptors this process may have. Node.js has raised the soft limit to the hard one. */
function descriptorLimit(): number {
  const limit = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const seconds = Number(values.seconds);
  const counts = values.sockets.split(',').map(Number);
  if (values.help || !(seconds >= pollMs / 1000) || !counts.every((count) => Number.isInteger(count) && count >= 0)) {
    print(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  print(`${usage}\n${row('', 'sockets', 'ms CPU/poll', 'MiB resident')}`);
  print(await measure(nodeAlone, 0, seconds));
  for (const count of counts) {
    if (count + spareDescriptors <= descriptorLimit()) print(await measure(agent, count, seconds));
    else print(`SKIPPED ${count} sockets: only ${descriptorLimit()} open files are allowed; raise ulimit -Hn`);
  }
  for (const other of values.compare ? others : []) {
    if (isInstalled(other.name)) print(await measure(other, 100, seconds));
    else print(`SKIPPED ${other.name}: not installed (apt-get install ${other.name})`);
  }
}

await main();
