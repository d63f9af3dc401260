// Agents that report a load which goes up and down, so that the controller writes at every tick:
//   node lab/promise/agents.ts NETWORK PORT COUNT       answers at NETWORK.1:PORT to NETWORK.COUNT:PORT
import { createServer } from 'node:http';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import { standInSnapshot } from '../support/stand-in-snapshot.ts';

const [network = '127.0.0', port = '0', count = '0'] = process.argv.slice(2);
/** How long a load takes to go up and down again, in ms; different for every server. */
const shortestPeriodMs = 5_000;
const stepMs = 700;
/** CPU utilisation goes from this far below the middle to this far above it. */
const [middle, swing] = [0.45, 0.3];

for (let index = 1; index <= Number(count); index += 1) {
  const server = createServer((_, response) => response.end(JSON.stringify(snapshotOf(index, performance.now()))));
  server.keepAliveTimeout = 0;
  server.listen(Number(port), `${network}.${index}`);
}

function snapshotOf(index: number, nowMs: number): Snapshot {
  const periodMs = shortestPeriodMs + index * stepMs;
  const utilisation = middle + swing * Math.sin((2 * Math.PI * nowMs) / periodMs);
  return standInSnapshot({ host: `vm${index}`, utilisation, effectiveCores: 1 + (index % 2) });
}
