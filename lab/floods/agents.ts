// Agents of servers that are not attacked: `node lab/floods/agents.ts PORT OVERLOADED`. They answer at every address of this
// machine; the one at the address OVERLOADED reports a server that is overloaded, the others idle ones.
import { createServer } from 'node:http';
import { type Snapshot, snapshotSchema } from '../../shared/contract/snapshot.ts';

const [port = '0', overloaded = ''] = process.argv.slice(2);
const idle = 0.2;
const full = 0.98;

createServer(({ socket: { localAddress = '' } }, response) => {
  response.end(JSON.stringify(snapshotOf(localAddress, localAddress === overloaded ? full : idle)));
}).listen(Number(port), '0.0.0.0');

function snapshotOf(host: string, utilisation: number): Snapshot {
  const nothing = { status: 'unavailable', reason: 'no-limit', detail: 'not measured here' } as const;
  return snapshotSchema.parse({
    version: 1,
    host,
    scope: { kind: 'host' },
    takenAtMs: Date.now(),
    ageMs: 0,
    windowMs: 2_000,
    effectiveCores: 1,
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
