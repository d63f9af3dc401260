import test from 'ava';
import { type Memory, restoreChanges } from '../../../controller/act/act.ts';
import { exclusionOf, isAgentChecked, takesRequests, whyNotOurs } from '../../../controller/observe/rotation.ts';
import type { OperationalState, ServerState, StatRow } from '../../../haproxy/runtime-api.ts';
import { isNeverOurs } from '../../../shared/contract/observation.ts';

interface Facts {
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

function stateOf(facts: Facts): ServerState {
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

function rowOf({ server = 's1', status = 'UP', isBackup = false, agentCheck = false, rowFault }: Facts): StatRow {
  return {
    ...(rowFault === undefined ? {} : { fault: rowFault }),
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
  [{ configuredWeight: 0, weight: 0 }, 'configured-zero', true, false],
  [{ agentCheck: true }, 'agent-check', true, false],
  [{ agentState: 'on' }, 'agent-check', true, false],
  [{ agentState: 'off' }, null, true, true],
  [{ isBackup: true }, 'backup', false, false],
  [{ server: 'a;b' }, 'name-invalid', true, false],
  // not as long as HAProxy says something of it that cannot be read
  [{ fault: 'srv_op_state is none of 0, 1, 2, 3' }, 'unreadable', true, false],
  [{ rowFault: 'stot is not a whole number' }, 'unreadable', true, false],
  // a newer version's bit is known by the status
  [{ status: 'MAINT' }, 'maintenance', false, true],
  [{ status: 'DRAIN (agent)' }, 'drain', false, true],
  // the most lasting reason first
  [{ server: 'a;b', agentCheck: true }, 'name-invalid', true, false],
  [{ agentCheck: true, isBackup: true }, 'agent-check', false, false],
  [{ isBackup: true, configuredWeight: 0 }, 'backup', false, false],
  [{ configuredWeight: 0, weight: 0, maintenance: true, status: 'MAINT' }, 'configured-zero', false, false],
  [{ maintenance: true, drain: true, status: 'MAINT' }, 'maintenance', false, true],
  [{ drain: true, operationalState: 'stopped', status: 'DOWN' }, 'drain', false, true],
];

for (const [facts, exclusion, takes, isOurs] of table) {
  test(`a server that is ${JSON.stringify(facts)}: ${exclusion ?? 'in rotation'}`, (t) => {
    const [state, row] = [stateOf(facts), rowOf(facts)];
    t.is(exclusionOf(state, row), exclusion);
    t.is(takesRequests(row), takes);
    t.is(whyNotOurs(state, row) === null, isOurs);
    t.is(isNeverOurs(exclusion), !isOurs && exclusion !== 'unreadable', 'and the contract says the same of the reason');
    const back = isOurs ? [{ server: state.server, weight: 100 }] : [];
    t.deepEqual(restoreChanges([state], [row]), back);
  });
}

test('the row of a backend is never a server', (t) => {
  const row = { ...rowOf({ agentCheck: true }), kind: 'backend' } as const;
  t.false(isAgentChecked({}, row));
  t.false(takesRequests(row));
});

test('nothing is put back where the weight is the configured one, or the server is gone', (t) => {
  t.deepEqual(restoreChanges([{ ...stateOf({}), weight: 100 }], [rowOf({})]), []);
  t.deepEqual(restoreChanges([stateOf({})], []), []);
});

test('a server that the configuration keeps at 0 is ours while it has another weight, which is put back', (t) => {
  const slot = stateOf({ configuredWeight: 0, weight: 1 });
  t.is(exclusionOf(slot, rowOf({})), null);
  const ours = { ...slot, weight: 256 };
  const written: Memory = { found: new Map([['s1', { weight: 1, isOurZero: false }]]), written: new Set(['s1']) };
  t.deepEqual(restoreChanges([ours], [rowOf({})], written), [{ server: 's1', weight: 1 }]);
  const drained = { ...slot, weight: 0 };
  const zero: Memory = { ...written, found: new Map([['s1', { weight: 1, isOurZero: true }]]) };
  t.is(exclusionOf(drained, rowOf({}), true), null, 'weight 0 is ours');
  t.deepEqual(restoreChanges([drained], [rowOf({})], zero), [{ server: 's1', weight: 1 }]);
  t.deepEqual(restoreChanges([drained], [rowOf({})]), [], 'kept out');
});

test('without memory such a server gets what the others have, where haweight has been at work', (t) => {
  const [slot, other] = [
    stateOf({ configuredWeight: 0, weight: 256 }),
    stateOf({ server: 's2', configuredWeight: 4, weight: 200 }),
  ];
  const rows = [rowOf({}), rowOf({ server: 's2' })];
  t.deepEqual(restoreChanges([slot, other], rows), [
    { server: 's1', weight: 4 },
    { server: 's2', weight: 4 },
  ]);
  t.deepEqual(restoreChanges([slot, { ...other, weight: 4 }], rows), [], 'nobody has been at work');
  t.deepEqual(restoreChanges([slot], rows), [], 'no other to go by');
});

test('a controller that leaves spares what an operator gave a server in maintenance or drain', (t) => {
  const memory: Memory = { found: new Map(), written: new Set(['ours']) };
  for (const facts of [
    { maintenance: true, status: 'MAINT' },
    { drain: true, status: 'DRAIN' },
  ]) {
    const changes = (server: string, weight: number, known: Memory | null) =>
      restoreChanges([stateOf({ ...facts, server, weight })], [rowOf({ ...facts, server })], known);
    t.deepEqual(changes('theirs', 5, memory), []);
    t.deepEqual(changes('ours', 5, memory), [{ server: 'ours', weight: 100 }]);
    t.deepEqual(changes('theirs', 0, memory), [{ server: 'theirs', weight: 100 }], 'nothing is left at 0');
    t.deepEqual(changes('theirs', 5, null), [{ server: 'theirs', weight: 100 }], 'haweight restore cannot know');
  }
});

test('a server that we left at 0 and that is under agent-check since then gets its weight back; any other keeps it', (t) => {
  const changesOf = (facts: Facts, written: readonly string[]) =>
    restoreChanges([stateOf(facts)], [rowOf(facts)], { found: new Map(), written: new Set(written) });
  t.deepEqual(changesOf({ agentCheck: true, weight: 0 }, ['s1']), [{ server: 's1', weight: 100 }]);
  t.deepEqual(changesOf({ agentCheck: true, weight: 0 }, []), []);
  t.deepEqual(changesOf({ agentCheck: true, weight: 7 }, ['s1']), []);
});
