import { type ServerStatus, type Status, statusSchema } from '../../shared/contract/status.ts';

/** One server of a status, changed where asked. */
export function server(changes: Partial<ServerStatus> = {}): ServerStatus {
  return {
    server: 'web1',
    address: '10.0.0.1',
    port: 8080,
    haproxyStatus: 'UP',
    exclusion: null,
    configuredWeight: 100,
    weightBefore: 192,
    weight: 180,
    written: true,
    share: 0.262,
    drained: false,
    load: 0.412,
    delta: 0.171,
    effectiveCores: 2,
    utilisation: { cpu: 0.61, ram: 0.4, bandwidth: null, threads: 0.1, tcpQueues: 1 },
    agent: {
      url: 'http://10.0.0.1:9477',
      state: 'fresh',
      ageMs: 400,
      code: null,
      detail: null,
      failures: 0,
      asked: true,
      notes: [],
    },
    sharesMachineWith: [],
    pressure: null,
    memoryEvents: null,
    traffic: { ok: 140, errors: 0, clientErrors: 0 },
    inFlight: 12,
    breaker: 'closed',
    elsewhere: null,
    limit: null,
    reasons: [
      { code: 'load', load: 0.412, average: 0.352, delta: 0.171 },
      { code: 'inverse-load', factor: 0.708 },
      { code: 'cores', factor: 2 },
      { code: 'smoothed', factor: 0.95, wanted: 0.81 },
      { code: 'scaled', from: 1.2, to: 180 },
    ],
    ...changes,
  };
}

/** The status of one backend with these servers. */
export function status(servers: readonly ServerStatus[], changes: Partial<Status> = {}): Status {
  return statusSchema.parse({
    version: 1,
    policy: 'inverse-load',
    dryRun: false,
    periodMs: 2_000,
    startedAtMs: 0,
    lastTickAtMs: 1_700_000_000_000,
    lastTickDurationMs: 5,
    ticks: 10,
    skippedTicks: 0,
    weightsWritten: 3,
    haproxy: { socket: '/run/haproxy/admin.sock', version: '2.6.12', problem: null },
    waitingFor: null,
    backends: [{ backend: 'web', algorithm: 'roundrobin', problem: null, servers }],
    ...changes,
  });
}
