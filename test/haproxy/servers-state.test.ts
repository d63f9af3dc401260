import test from 'ava';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { field, stateReply } from './recorded.ts';

test('reads "show servers state"', (t) => {
  const servers = parseServersState(stateReply);
  if (!servers.ok) return t.fail(servers.error);
  const [s1, s2, s3] = servers.value;
  t.deepEqual(s1, {
    backend: 'web',
    server: 's1',
    address: '10.0.0.1',
    port: 8080,
    operationalState: 'running',
    adminState: { maintenance: false, drain: false },
    weight: 7,
    configuredWeight: 100,
    inStateForMs: 33_000,
    upForMs: 33_000,
  });
  t.like(s2, {
    address: '2001:db8::1',
    operationalState: 'stopped',
    adminState: { maintenance: true, drain: false },
    upForMs: null,
  });
  t.like(s3, { address: null, operationalState: 'stopping', adminState: { maintenance: false, drain: true } });
});

// HAProxy's mask of maintenance is 0x23: 0x04 and 0x40 are history (`disabled` in the configuration, a host name set at run time)
for (const [bits, expected, unknownBits] of [
  [0x01, 'maintenance'],
  [0x02, 'maintenance'],
  [0x04, 'none'],
  [0x08, 'drain'],
  [0x10, 'drain'],
  [0x20, 'maintenance'],
  [0x40, 'none'],
  [0x44, 'none'],
  [0x05, 'maintenance'],
  [0x60, 'maintenance'],
  [0x2c, 'maintenance and drain'],
  [0x80, 'none', 0x80],
  [0x88, 'drain', 0x80],
  [0x8000_0100, 'none', 0x8000_0100],
] as const) {
  test(`admin state 0x${bits.toString(16)} means ${expected}`, (t) => {
    const servers = parseServersState(stateReply.replace('10.0.0.1 2 0 ', `10.0.0.1 2 ${bits} `));
    const [state] = servers.ok ? servers.value : [];
    t.deepEqual(state?.adminState, {
      maintenance: expected.includes('maintenance'),
      drain: expected.includes('drain'),
    });
    t.is(state?.unknownBits, unknownBits);
    t.is(state?.fault, undefined);
  });
}

test('every combination of the known bits is read: maintenance is 0x23, drain is 0x18', (t) => {
  for (let bits = 0; bits < 0x80; bits += 1) {
    const servers = parseServersState(stateReply.replace('10.0.0.1 2 0 ', `10.0.0.1 2 ${bits} `));
    const expected = { maintenance: (bits & 0x23) !== 0, drain: (bits & 0x18) !== 0 };
    t.deepEqual(servers.ok && servers.value[0]?.adminState, expected, String(bits));
  }
});

test('slots of an ingress controller: the one that was put into service is in service', (t) => {
  const slots = parseServersState(field('disabled-slots.state.txt'));
  if (!slots.ok) return t.fail(slots.error);
  t.deepEqual(
    slots.value.map(({ adminState }) => adminState.maintenance),
    [false, false, false, true],
  );
});

test('servers from SRV records: in service, without an address, and lost', (t) => {
  const servers = parseServersState(field('srv-records.state.txt'));
  if (!servers.ok) return t.fail(servers.error);
  t.deepEqual(
    servers.value.map(({ adminState, address, srvRecord }) => [adminState.maintenance, address, srvRecord]),
    [
      [false, '10.48.0.11', '_web._tcp.test.local'],
      [false, '10.48.0.12', '_web._tcp.test.local'],
      [true, null, '_web._tcp.test.local'],
      [true, '10.48.0.13', '_web._tcp.test.local'],
    ],
  );
});

// 22 with agent-check, 18 after `disable agent`, 0 without (seen on 2.6 to 3.4); 1 more while it is asking
for (const [state, agentCheck] of [
  ['0', undefined],
  ['16', undefined],
  ['22', 'on'],
  ['23', 'on'],
  ['18', 'off'],
  ['-', undefined],
] as const) {
  test(`srv_agent_state ${state} means agent-check ${agentCheck ?? 'none'}`, (t) => {
    const servers = parseServersState(stateReply.replace('33 6 3 4 6 0 ', `33 6 3 4 6 ${state} `));
    t.is(servers.ok ? servers.value[0]?.agentCheck : 'refused', agentCheck);
  });
}

for (const [port, expected] of [
  ['8080', 8080],
  ['0', 0],
  ['4294967286', null],
  ['65536', null],
  ['-10', null],
  ['-', null],
] as const) {
  test(`srv_port ${port} is ${expected ?? 'not a port'}`, (t) => {
    const servers = parseServersState(stateReply.replace(' - 8080 - ', ` - ${port} - `));
    t.like(servers.ok ? servers.value[0] : null, { port: expected, weight: 7 });
  });
}

test('columns that a version adds, lacks or orders in its own way', (t) => {
  const table = stateReply
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^# /, '').split(' '));
  const reply = (rows: readonly (readonly string[])[]) => `1\n# ${rows.map((row) => row.join(' ')).join('\n')}\n\n`;
  const before = parseServersState(stateReply);
  t.deepEqual(parseServersState(reply(table.map((row) => [...row].reverse()))), before);
  t.deepEqual(parseServersState(reply(table.map((row, index) => [...row, index === 0 ? 'srv_new' : '-']))), before);
  const kept = ['be_name', 'srv_name', 'srv_op_state', 'srv_admin_state', 'srv_uweight', 'srv_iweight'];
  const few = parseServersState(
    reply(table.map((row) => row.filter((_, index) => kept.includes(table[0]?.[index] ?? '')))),
  );
  t.like(few.ok ? few.value[0] : null, { server: 's1', weight: 7, address: null, port: null, upForMs: null });
  const without = parseServersState(stateReply.replace('srv_uweight', 'srv_weightless'));
  t.deepEqual(without, { ok: false, error: 'its header lacks srv_uweight' });
});
