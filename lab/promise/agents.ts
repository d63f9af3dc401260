// Agents that report a load which goes up and down, so that the controller writes at every tick:
//   node lab/promise/agents.ts NETWORK PORT COUNT       answers at NETWORK.1:PORT to NETWORK.COUNT:PORT
import { createServer } from 'node:http';
import { type Snapshot, snapshotSchema } from '../../shared/contract/snapshot.ts';

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
  const nothing = { status: 'unavailable', reason: 'no-limit', detail: 'not measured here' } as const;
  return snapshotSchema.parse({
    version: 1,
    host: `vm${index}`,
    scope: { kind: 'host' },
    takenAtMs: Date.now(),
    ageMs: 0,
    windowMs: 2_000,
    effectiveCores: 1 + (index % 2),
    metrics: {
      cpu: {
        status: 'ok',
        utilisation,
        raw: { busyCoreSeconds: 2 * utilisation, availableCoreSeconds: 2, stealCoreSeconds: 0 },
      },
      ram: { status: 'ok', utilisation: 0.3, raw: { usedBytes: 3_000, limitBytes: 10_000 } },
      bandwidth: nothing,
      threads: { status: 'ok', utilisation: 0.1, raw: { threads: 10, limit: 100, limitSource: 'configured' } },
      tcpQueues: { status: 'ok', utilisation: 0, raw: { receive: null, send: null, accept: null, sockets: 0 } },
    },
  } satisfies Snapshot);
}
