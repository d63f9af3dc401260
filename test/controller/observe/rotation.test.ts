import test from 'ava';
import { restoreChanges } from '../../../controller/act/act.ts';
import { exclusionOf, isAgentChecked, takesRequests, whyNotOurs } from '../../../controller/observe/rotation.ts';
import type { OperationalState, ServerState, StatRow } from '../../../haproxy/runtime-api.ts';
import { isNeverOurs } from '../../../shared/contract/observation.ts';

interface Facts {
  readonly server?: string;
  readonly configuredWeight?: number;
  readonly maintenance?: boolean;
  readonly drain?: boolean;
  readonly operationalState?: OperationalState;
  readonly status?: string;
  readonly isBackup?: boolean;
  readonly agentCheck?: boolean;
}

function stateOf(facts: Facts): ServerState {
  const { server = 's1', configuredWeight = 100, maintenance = false, drain = false } = facts;
  return {
    ...{ backend: 'web', server, address: '10.0.0.1', port: 80, weight: 7, configuredWeight },
    adminState: { maintenance, drain },
    operationalState: facts.operationalState ?? 'running',
    ...{ inStateForMs: 1_000, upForMs: 1_000 },
  };
}

function rowOf({ server = 's1', status = 'UP', isBackup = false, agentCheck = false }: Facts): StatRow {
  return {
    ...{ backend: 'web', name: server, kind: 'server', status, algorithm: null, mode: 'http', isBackup, agentCheck },
    ...{ weight: 7, effectiveWeight: 7, currentSessions: 0, queued: 0, totalSessions: 0 },
    ...{ responses1xx: 0, responses2xx: 0, responses3xx: 0, responses4xx: 0, responses5xx: 0 },
    ...{ connectionErrors: 0, responseErrors: 0, retries: 0, redispatches: 0, throttlePercent: null, upForMs: 1_000 },
  };
}

// facts, why it is left alone now, whether it takes requests, whether its configured weight is put back
const table: readonly (readonly [Facts, ReturnType<typeof exclusionOf>, boolean, boolean])[] = [
  [{}, null, true, true],
  [{ operationalState: 'starting' }, null, true, true],
  [{ status: 'UP 1/3' }, null, true, true],
  [{ status: 'no check' }, null, true, true],
  // not now: it keeps what we gave it only until the controller leaves
  [{ operationalState: 'stopped', status: 'DOWN' }, 'down', false, true],
  [{ operationalState: 'stopping', status: 'NOLB' }, 'down', false, true],
  [{ maintenance: true, status: 'MAINT' }, 'maintenance', false, true],
  [{ maintenance: true, status: 'MAINT (via b/s)' }, 'maintenance', false, true],
  [{ drain: true, status: 'DRAIN' }, 'drain', false, true],
  // never: it may take requests, but its weight is not ours
  [{ configuredWeight: 0 }, 'configured-zero', true, false],
  [{ agentCheck: true }, 'agent-check', true, false],
  [{ isBackup: true }, 'backup', false, false],
  [{ server: 'a;b' }, 'name-invalid', true, false],
  // the most lasting reason first
  [{ server: 'a;b', agentCheck: true }, 'name-invalid', true, false],
  [{ agentCheck: true, isBackup: true }, 'agent-check', false, false],
  [{ isBackup: true, configuredWeight: 0 }, 'backup', false, false],
  [{ configuredWeight: 0, maintenance: true, status: 'MAINT' }, 'configured-zero', false, false],
  [{ maintenance: true, drain: true, status: 'MAINT' }, 'maintenance', false, true],
  [{ drain: true, operationalState: 'stopped', status: 'DOWN' }, 'drain', false, true],
];

for (const [facts, exclusion, takes, isOurs] of table) {
  test(`a server that is ${JSON.stringify(facts)}: ${exclusion ?? 'in rotation'}`, (t) => {
    const [state, row] = [stateOf(facts), rowOf(facts)];
    t.is(exclusionOf(state, row), exclusion);
    t.is(takesRequests(row), takes);
    t.is(whyNotOurs(state, row) === null, isOurs);
    t.is(isNeverOurs(exclusion), !isOurs, 'and the contract says the same of the reason');
    const back = isOurs ? [{ server: state.server, weight: 100 }] : [];
    t.deepEqual(restoreChanges([state], [row]), back);
  });
}

test('the row of a backend is never a server', (t) => {
  const row = { ...rowOf({ agentCheck: true }), kind: 'backend' } as const;
  t.false(isAgentChecked(row));
  t.false(takesRequests(row));
});

test('nothing is put back where the weight is the configured one, or the server is gone', (t) => {
  t.deepEqual(restoreChanges([{ ...stateOf({}), weight: 100 }], [rowOf({})]), []);
  t.deepEqual(restoreChanges([stateOf({})], []), []);
});
