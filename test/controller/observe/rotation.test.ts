import test from 'ava';
import { whatToRestore } from '../../../controller/act/act.ts';
import { exclusionOf, isAgentChecked, takesRequests, whyNotOurs } from '../../../controller/observe/rotation.ts';
import { isNeverOurs } from '../../../shared/contract/observation.ts';
import { type Facts, rowOf, stateOf } from '../support/rows.ts';

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
    const back = whatToRestore([state], [row], null).givenBack.map(({ server, weight }) => ({ server, weight }));
    t.deepEqual(back, isOurs ? [{ server: state.server, weight: 100 }] : []);
  });
}

test('the row of a backend is never a server', (t) => {
  const row = { ...rowOf({ agentCheck: true }), kind: 'backend' } as const;
  t.false(isAgentChecked({}, row));
  t.false(takesRequests(row));
});
