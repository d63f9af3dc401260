import test from 'ava';
import { rescueChanges } from '../../controller/rescue.ts';
import type { OperationalState, ServerState } from '../../haproxy/runtime-api.ts';

const fine = { maintenance: false, drain: false };

function state(server: string, weight: number, operationalState: OperationalState, adminState = fine): ServerState {
  const known = {
    backend: 'web',
    address: '127.0.0.1',
    port: 80,
    configuredWeight: 70,
    upForMs: 1_000,
    inStateForMs: 1_000,
  };
  return { ...known, server, weight, operationalState, adminState };
}

const drained = new Set(['s1']);

test('a drained server that is the last one up gets its configured weight', (t) => {
  const states = [state('s1', 0, 'running'), state('s2', 200, 'stopped')];
  t.deepEqual(rescueChanges(states, drained), [{ server: 's1', weight: 70 }]);
});

test('a server that an operator took out does not count as one that could answer', (t) => {
  for (const adminState of [
    { maintenance: true, drain: false },
    { maintenance: false, drain: true },
  ]) {
    const others = [state('s2', 200, 'running', adminState)];
    t.deepEqual(rescueChanges([state('s1', 0, 'running'), ...others], drained), [{ server: 's1', weight: 70 }]);
    t.deepEqual(rescueChanges([state('s1', 0, 'running', adminState), state('s2', 0, 'stopped')], drained), []);
  }
});

test('nothing to do while any other server can take requests, or none is up at all', (t) => {
  t.deepEqual(rescueChanges([state('s1', 0, 'running'), state('s2', 1, 'running')], drained), []);
  t.deepEqual(rescueChanges([state('s1', 0, 'running'), state('s2', 1, 'starting')], drained), []);
  t.deepEqual(rescueChanges([state('s1', 0, 'stopped'), state('s2', 9, 'stopped')], drained), []);
});

test('a weight 0 that is not ours is not touched', (t) => {
  t.deepEqual(rescueChanges([state('s2', 0, 'running')], drained), []);
});
