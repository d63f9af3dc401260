import type { ControllerTraffic, ServerTraffic } from '../../shared/contract/traffic.ts';

/** What a peer has counted for one server, changed where asked. */
export function counted(changes: Partial<ServerTraffic> = {}): ServerTraffic {
  const place = { server: 'web1', address: '10.0.0.1', port: 8080 };
  return { ...place, ok: 0, clientErrors: 0, started: 0, inFlight: 0, ...changes };
}

/** What a peer tells of backend web, changed where asked. */
export function traffic(
  readAtMs: number,
  servers: ServerTraffic[],
  changes: Partial<ControllerTraffic> = {},
): ControllerTraffic {
  return {
    version: 1,
    instance: 'another-controller',
    periodMs: 2_000,
    haproxy: { node: 'lb-b', pid: 800, startedAtSeconds: 1_700_000_000 },
    backends: [{ backend: 'web', readAtMs, servers }],
    ...changes,
  };
}
