import { type Snapshot, snapshotSchema } from '../../shared/contract/snapshot.ts';

/** A snapshot as an agent serves it, changed at the top level where asked. */
export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return snapshotSchema.parse({
    version: 2,
    host: 'vm1',
    scope: { kind: 'host' },
    takenAtMs: 1_700_000_000_000,
    ageMs: 120,
    windowMs: 2_000,
    effectiveCores: 2,
    metrics: {
      cpu: {
        status: 'ok',
        utilisation: 0.5,
        raw: { busyCoreSeconds: 2, availableCoreSeconds: 4, stealCoreSeconds: 0 },
      },
      ram: { status: 'ok', utilisation: 0.25, raw: { usedBytes: 1_000, limitBytes: 4_000 } },
      bandwidth: { status: 'unavailable', reason: 'no-limit', detail: 'no link speed' },
      threads: { status: 'ok', utilisation: 0.1, raw: { threads: 10, limit: 100, limitSource: 'configured' } },
      tcpQueues: {
        status: 'ok',
        utilisation: 0.75,
        raw: {
          receive: { queuedBytes: 25, bufferBytes: 100, ratio: 0.25, local: '127.0.0.1:80', peer: '127.0.0.1:9' },
          send: { queuedBytes: 75, bufferBytes: 100, ratio: 0.75, local: '127.0.0.1:80', peer: '127.0.0.1:9' },
          accept: { waitingConnections: 1, backlog: 10, ratio: 0.1, local: '127.0.0.1:80' },
          sockets: 2,
        },
      },
    },
    ...changes,
  });
}
