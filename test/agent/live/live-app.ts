import { createServer, type Server } from 'node:net';
import { Worker } from 'node:worker_threads';

/*
 * A process for the agent to measure, started by live tests: `node live-app.ts WHAT AMOUNT`. It prints "ready PORT" on
 * standard output, then does one thing until it is killed.
 */
const [what, amountText] = process.argv.slice(2);
const amount = Number(amountText ?? 0);
const kept: unknown[] = [];
const say = (port = 0) => process.stdout.write(`ready ${port}\n`);
const listen = (server: Server, backlog = 511) => {
  server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
    const address = server.address();
    say(typeof address === 'object' ? address?.port : 0);
  });
};

switch (what) {
  case 'idle':
    setInterval(() => undefined, 60_000);
    say();
    break;
  case 'busy':
    process.stdout.write('ready 0\n', () => {
      for (;;);
    });
    break;
  case 'hog':
    // filled, because the kernel gives memory only to pages that were written to
    kept.push(Buffer.alloc(amount * 2 ** 20, 1));
    setInterval(() => kept.length, 60_000);
    say();
    break;
  case 'threads':
    for (let count = 0; count < amount; count += 1) {
      kept.push(new Worker('setInterval(() => undefined, 60_000)', { eval: true }));
    }
    say();
    break;
  case 'listen':
    // accepts connections and never reads; stopped by a signal, it does not accept either
    listen(
      createServer({ pauseOnConnect: true }, (socket) => kept.push(socket)),
      amount,
    );
    break;
  case 'send':
    listen(createServer((socket) => socket.write(Buffer.alloc(amount * 2 ** 20, 1))));
    break;
  default:
    process.exitCode = 2;
}
