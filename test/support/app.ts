import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type AppMessage, appPort } from './app-protocol.ts';

/*
 * An application server for whole-loop tests, run as a process of its own: `node test/support/app.ts NAME ADDRESS`. It answers
 * its name, and does what its parent's messages say: { busy: cores } really burns that much CPU in a thread;
 * { failing: true } answers 503.
 */

/** Burns `workerData` of each 20 ms until it is terminated. */
function burn(duty: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const until = performance.now() + 20 * duty;
    while (performance.now() < until);
    Atomics.wait(sleeper, 0, 0, 20 * (1 - duty));
  }
}

async function serve(name: string, address: string): Promise<void> {
  let burner: Worker | null = null;
  let failing = false;
  const server = createServer((_, response) => {
    response.writeHead(failing ? 503 : 200, { 'x-server': name }).end(name);
  }).listen(appPort, address);
  await once(server, 'listening');
  process.on('message', (message: AppMessage) => {
    if ('failing' in message) failing = message.failing;
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
