import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type AppMessage, appPort } from './app-protocol.ts';

/*
 * An application server for whole-loop tests, run as a process of its own: `node test/support/app.ts NAME ADDRESS`. It answers
 * its name, and does what its parent's messages say: { busy: cores } really burns that much CPU in a thread;
 * { failing: true } answers 503 at once; { resetting: true } resets every connection on which a request came; { workCpuMs } burns that much CPU for every other answer.
 */

const periodMs = 20;

/**
 * Has the process use this many cores until it is terminated. It goes by the CPU clock, so that waiting for a core on a
 * busy machine does not count as work.
 */
function burn(cores: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const periodEnd = performance.now() + periodMs;
    const enough = usedCpuMs() + periodMs * cores;
    while (usedCpuMs() < enough);
    Atomics.wait(sleeper, 0, 0, Math.max(0, periodEnd - performance.now()));
  }
}

/** Burns this much CPU, and lets everybody wait for it: a server with one thread. */
function work(cpuMs: number): void {
  const enough = usedCpuMs() + cpuMs;
  while (usedCpuMs() < enough);
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function serve(name: string, address: string): Promise<void> {
  let burner: Worker | null = null;
  let failing = false;
  let resetting = false;
  let workCpuMs = 0;
  const server = createServer((_, response) => {
    if (resetting) {
      response.socket?.resetAndDestroy();
      return;
    }
    if (!failing) work(workCpuMs);
    response.writeHead(failing ? 503 : 200, { 'x-server': name }).end(name);
  }).listen(appPort, address);
  // HAProxy keeps connections to reuse them; closing an idle one just then would fail the request that it sends
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  process.on('message', (message: AppMessage) => {
    if ('failing' in message) failing = message.failing;
    else if ('resetting' in message) resetting = message.resetting;
    else if ('workCpuMs' in message) workCpuMs = message.workCpuMs;
    else {
      void burner?.terminate();
      burner = message.busy > 0 ? new Worker(new URL(import.meta.url), { workerData: message.busy }) : null;
    }
    process.send?.('done');
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

if (parentPort !== null) burn(Number(workerData));
else await serve(process.argv[2] ?? 'app', process.argv[3] ?? '127.0.0.1');
