import type { OperationalState, ServerState, StatRow } from '../../../haproxy/runtime-api.ts';

/** What a test says of a server in HAProxy; the rest is that of one in rotation. */
export interface Facts {
  readonly server?: string;
  readonly configuredWeight?: number;
  readonly weight?: number;
  readonly maintenance?: boolean;
  readonly drain?: boolean;
  readonly operationalState?: OperationalState;
  readonly status?: string;
  readonly isBackup?: boolean;
  readonly agentCheck?: boolean;
  /** By `show servers state`, as on 2.4. */
  readonly agentState?: 'on' | 'off';
  readonly fault?: string;
  readonly rowFault?: string;
}

export function stateOf(facts: Facts): ServerState {
  const { server = 's1', configuredWeight = 100, weight = 7, maintenance = false, drain = false } = facts;
  const { agentState, fault } = facts;
  return {
    ...{ backend: 'web', server, address: '10.0.0.1', port: 80, weight, configuredWeight },
    ...(agentState === undefined ? {} : { agentCheck: agentState }),
    ...(fault === undefined ? {} : { fault }),
    adminState: { maintenance, drain },
    operationalState: facts.operationalState ?? 'running',
    ...{ inStateForMs: 1_000, upForMs: 1_000 },
  };
}

export function rowOf({
  server = 's1',
  status = 'UP',
  isBackup = false,
  agentCheck = false,
  rowFault,
}: Facts): StatRow {
  return {
    ...(rowFault === undefined ? {} : { fault: rowFault }),
    ...{ backend: 'web', name: server, kind: 'server', status, algorithm: null, mode: 'http', isBackup, agentCheck },
    ...{ weight: 7, effectiveWeight: 7, currentSessions: 0, queued: 0, limit: null, totalSessions: 0 },
    ...{ responses1xx: 0, responses2xx: 0, responses3xx: 0, responses4xx: 0, responses5xx: 0 },
    ...{ connectionErrors: 0, responseErrors: 0, retries: 0, redispatches: 0, throttlePercent: null, upForMs: 1_000 },
  };
}
