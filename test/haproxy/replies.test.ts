import test from 'ava';
import fc from 'fast-check';
import { isSameProcess, parseInfo, parseLevel } from '../../haproxy/process-info.ts';
import { errorText } from '../../haproxy/reply.ts';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { parseStats } from '../../haproxy/stat-csv.ts';
import { field, statColumns, stateReply, statReply, statRows } from './recorded.ts';

const columns26 = statColumns['2.6'] ?? [];
const infoReply = 'Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 42\nUptime_sec: 7\nnode: a: b\n\n';

for (const [version, columns] of Object.entries(statColumns)) {
  test(`reads "show stat" of ${version}`, (t) => {
    const rows = parseStats(statReply(columns, statRows));
    if (!rows.ok) return t.fail(rows.error);
    t.deepEqual(
      rows.value.map(({ backend, name, kind }) => `${kind} ${backend}/${name}`),
      ['server web/s1', 'server web/s2', 'backend web/BACKEND'],
    );
    t.deepEqual(rows.value[0], {
      backend: 'web',
      name: 's1',
      kind: 'server',
      status: 'UP 1/3',
      algorithm: null,
      mode: 'http',
      isBackup: false,
      agentCheck: true,
      weight: 100,
      effectiveWeight: 50,
      currentSessions: 3,
      queued: 2,
      totalSessions: 1234,
      responses1xx: 0,
      responses2xx: 1000,
      responses3xx: 0,
      responses4xx: 0,
      responses5xx: 7,
      connectionErrors: 4,
      responseErrors: 5,
      retries: 8,
      redispatches: 6,
      throttlePercent: 50,
      upForMs: 60_000,
    });
    t.is(rows.value[1]?.isBackup, true);
    t.is(rows.value[1]?.upForMs, null);
    t.is(rows.value[2]?.algorithm, 'leastconn');
  });
}

test('reads columns by name, in any order', (t) => {
  const reversed = parseStats(statReply([...columns26].reverse(), statRows));
  t.deepEqual(reversed, parseStats(statReply(columns26, statRows)));
});

test('in tcp mode there are no response classes: null, not 0', (t) => {
  const none = Object.fromEntries(['1', '2', '3', '4', '5'].map((digit) => [`hrsp_${digit}xx`, '']));
  const [row] = [
    { pxname: 'db', svname: 's', type: '2', status: 'UP', weight: '1', uweight: '1', mode: 'tcp', ...none },
  ];
  const rows = parseStats(statReply(columns26, [row]));
  t.is(rows.ok ? rows.value[0]?.responses2xx : 'refused', null);
});

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

test('more empty lines at the end are nothing', (t) => {
  t.deepEqual(parseServersState(`${stateReply}\n`), parseServersState(stateReply));
  const stat = statReply(columns26, statRows);
  t.deepEqual(parseStats(`${stat}\n\n`), parseStats(stat));
});

test('of "show stat" only names, state, weight and the counts of work and errors are needed', (t) => {
  const needed = 'pxname svname type status bck uweight scur stot hrsp_2xx hrsp_5xx econ eresp'.split(' ');
  const rows = parseStats(statReply(needed, statRows));
  t.like(rows.ok ? rows.value[0] : null, {
    ...{ name: 's1', weight: 100, effectiveWeight: 100, responses2xx: 1000, responses4xx: null, agentCheck: false },
    ...{ algorithm: null, mode: null, upForMs: null, retries: 0 },
  });
  for (const name of needed) {
    const lacking = parseStats(
      statReply(
        needed.filter((each) => each !== name),
        statRows,
      ),
    );
    t.deepEqual(lacking, { ok: false, error: `its header lacks ${name}` });
  }
});

test('reads process and level', (t) => {
  const info = { version: '2.6.12-1+deb12u4', pid: 42, uptimeSeconds: 7, node: 'a: b' };
  t.deepEqual(parseInfo(infoReply), { ok: true, value: info });
  t.deepEqual(parseLevel('operator\n\n'), { ok: true, value: 'operator' });
});

test('a socket with severity-output puts the severity before the level', (t) => {
  for (const name of ['level-number.txt', 'level-string.txt']) {
    t.deepEqual(parseLevel(field(name)), { ok: true, value: 'admin' });
  }
  t.false(parseLevel('[9]: admin\n\n').ok);
});

test('severities 4 to 7 are no error, but an unknown command is one, whatever its severity', (t) => {
  t.is(errorText('\n\n\n'), '');
  t.is(errorText('\n[5]: weight changed\n\n[notice]: once more\n\n'), '');
  t.is(errorText('\n[4]: careful\n\n[3]: No such server.\n\n'), 'No such server.');
  t.is(errorText('[err]: No such backend.\n\n'), 'No such backend.');
  t.is(errorText('No such server.\n\n'), 'No such server.');
  t.is(errorText(' \n\n'), ' ', 'only empty lines are empty');
  t.regex(errorText("[6]: Unknown command: 'set', but\n  show info  : x\n\n"), /^Unknown command/);
});

test('HAProxy of several processes says so', (t) => {
  t.like(parseInfo(field('nbproc.info.txt')), { ok: true, value: { version: '2.4.22-f8e3218', processes: 2 } });
});

test('another process has another pid, or counts its uptime from 0 again, as in a container', (t) => {
  const before = { version: '2.6.12', pid: 8, uptimeSeconds: 7 };
  t.true(isSameProcess(before, before));
  t.true(isSameProcess(before, { ...before, uptimeSeconds: 9 }));
  t.false(isSameProcess(before, { ...before, pid: 9 }));
  t.false(isSameProcess(before, { ...before, uptimeSeconds: 0 }));
});

const parsers = [
  ['show stat', parseStats, statReply(columns26, statRows)],
  ['show servers state', parseServersState, stateReply],
  ['show info', parseInfo, infoReply],
  ['show cli level', parseLevel, 'admin\n\n'],
] as const;

for (const [command, parse, reply] of parsers) {
  test(`a reply to "${command}" cut at any position is never a shorter one`, (t) => {
    t.true(parse(reply).ok);
    for (let end = 0; end < reply.length; end++) {
      const cut = parse(reply.slice(0, end));
      if (cut.ok) return t.fail(`accepted ${end} of ${reply.length}: ${JSON.stringify(reply.slice(end - 40, end))}`);
    }
    t.pass();
  });

  test(`no text makes the parser of "${command}" throw`, (t) => {
    const start = fc.integer({ min: 0, max: reply.length });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), start, start, (text, from, to) => {
        parse(text);
        parse(`${text}\n\n`);
        const spliced = parse(reply.slice(0, from) + text + reply.slice(to));
        return typeof spliced.ok === 'boolean';
      }),
    );
    t.pass();
  });
}

const damages: readonly [string, (reply: string) => string][] = [
  ['a needed column missing', (reply) => reply.replace(',uweight,', ',weightless,')],
  ['no header', (reply) => reply.replace('# ', '')],
  ['a quoted field without end', (reply) => reply.replace('c\nd"', 'c\nd')],
  ['an empty line in the middle', (reply) => reply.replace('\nweb,s2', '\n\nweb,s2')],
];

for (const [damage, apply] of damages) {
  test(`refuses a whole "show stat" for ${damage}`, (t) => {
    const reply = statReply(columns26, statRows);
    t.not(apply(reply), reply);
    t.false(parseStats(apply(reply)).ok);
  });
}

/** Damage of one row, and the server that it costs. */
const rowDamages: readonly [string, string, (reply: string) => string][] = [
  ['a field too few', 's2', (reply) => reply.replace(',DOWN,', ',DOWN')],
  ['a field too many', 's2', (reply) => reply.replace(',DOWN,', ',DOWN,,')],
  ['a word for a number', 's1', (reply) => reply.replace(',1234,', ',many,')],
  ['a negative count', 's1', (reply) => reply.replace(',1234,', ',-1,')],
  ['a fraction', 's1', (reply) => reply.replace(',1234,', ',12.5,')],
  ['no number', 's1', (reply) => reply.replace(',1234,', ',-,')],
  ['a number too large to be exact', 's1', (reply) => reply.replace(',1234,', ',12345678901234567,')],
  ['an impossible weight', 's2', (reply) => reply.replace(',9,', ',257,')],
  ['text after a quoted field', 's1', (reply) => reply.replace('c\nd"', 'c\nd"x')],
];

for (const [damage, server, apply] of rowDamages) {
  test(`a row of "show stat" with ${damage} costs its own server only`, (t) => {
    const reply = statReply(columns26, statRows);
    t.not(apply(reply), reply);
    const rows = parseStats(apply(reply));
    t.deepEqual(rows.ok && rows.value.filter(({ fault }) => fault !== undefined).map(({ name }) => name), [server]);
  });
}

for (const [damage, from, to] of [
  ['another format version', '1\n#', '2\n#'],
  ['a row that names no server', '3 web 1 s1 ', '3 web 1  '],
  ['an empty line in the middle', '\n3 web 2', '\n\n3 web 2'],
] as const) {
  test(`refuses a whole "show servers state" for ${damage}`, (t) => {
    t.true(stateReply.includes(from));
    t.false(parseServersState(stateReply.replace(from, to)).ok);
  });
}

for (const [damage, from, to] of [
  ['an unknown operational state', '10.0.0.1 2 0 ', '10.0.0.1 4 0 '],
  ['no operational state', '10.0.0.1 2 0 ', '10.0.0.1 - 0 '],
  ['an impossible admin state', '10.0.0.1 2 0 ', '10.0.0.1 2 x '],
  ['an impossible weight', ' 0 7 100 33 ', ' 0 257 100 33 '],
  ['no weight', ' 0 7 100 33 ', ' 0 - 100 33 '],
  ['a field too few', ' 8080 -', ' 8080'],
  ['a field too many', ' 8080 -', ' 8080 - -'],
] as const) {
  test(`a row of "show servers state" with ${damage} costs its own server only`, (t) => {
    t.true(stateReply.includes(from));
    const servers = parseServersState(stateReply.replace(from, to));
    t.deepEqual(servers.ok && servers.value.filter(({ fault }) => fault !== undefined).map(({ server }) => server), [
      's1',
    ]);
    t.is(servers.ok && servers.value.length, 3);
  });
}
