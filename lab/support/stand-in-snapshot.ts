import { type Snapshot, snapshotSchema, snapshotVersion } from '../../shared/contract/snapshot.ts';

interface StandIn {
  readonly host: string;
  /** Of the CPU, 0 to 1. */
  readonly utilisation: number;
  readonly effectiveCores: number;
}

/** What a stand-in for an agent reports now: a CPU as busy as told, and otherwise an idle server. */
export function standInSnapshot({ host, utilisation, effectiveCores }: StandIn): Snapshot {
  const nothing = { status: 'unavailable', reason: 'no-limit', detail: 'not measured here' } as const;
  const windowMs = 2_000;
  const availableCoreSeconds = (effectiveCores * windowMs) / 1_000;
  return snapshotSchema.parse({
    version: snapshotVersion,
    host,
    scope: { kind: 'host' },
    takenAtMs: Date.now(),
    ageMs: 0,
    windowMs,
    effectiveCores,
    metrics: {
      cpu: {
        status: 'ok',
        utilisation,
        raw: { busyCoreSeconds: utilisation * availableCoreSeconds, availableCoreSeconds, stealCoreSeconds: 0 },
      },
      ram: { status: 'ok', utilisation: 0.3, raw: { usedBytes: 3_000, limitBytes: 10_000 } },
      bandwidth: nothing,
      threads: { status: 'ok', utilisation: 0.1, raw: { threads: 10, limit: 100, limitSource: 'configured' } },
      tcpQueues: { status: 'ok', utilisation: 0, raw: { receive: null, send: null, accept: null, sockets: 0 } },
    },
  } satisfies Snapshot);
}
