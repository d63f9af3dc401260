import test from 'ava';
import fc from 'fast-check';
import { isSameProcess, parseInfo, parseLevel } from '../../haproxy/process-info.ts';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { parseStats } from '../../haproxy/stat-csv.ts';
import { statColumns, stateReply, statReply, statRows } from './recorded.ts';

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

for (const [bit, expected] of [
  [0x01, 'maintenance'],
  [0x02, 'maintenance'],
  [0x04, 'maintenance'],
  [0x08, 'drain'],
  [0x10, 'drain'],
  [0x20, 'maintenance'],
  [0x40, 'maintenance'],
] as const) {
  test(`admin state bit ${bit} means ${expected}`, (t) => {
    const servers = parseServersState(stateReply.replace('10.0.0.1 2 0 ', `10.0.0.1 2 ${bit} `));
    const state = servers.ok ? servers.value[0]?.adminState : undefined;
    t.deepEqual(state, { maintenance: expected === 'maintenance', drain: expected === 'drain' });
  });
}

test('reads process and level', (t) => {
  t.deepEqual(parseInfo(infoReply), { ok: true, value: { version: '2.6.12-1+deb12u4', pid: 42, uptimeSeconds: 7 } });
  t.deepEqual(parseLevel('operator\n\n'), { ok: true, value: 'operator' });
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
  ['a row with a field too few', (reply) => reply.replace(',DOWN,', ',DOWN')],
  ['a row with a field too many', (reply) => reply.replace(',DOWN,', ',DOWN,,')],
  ['a needed column missing', (reply) => reply.replace(',uweight,', ',weightless,')],
  ['no header', (reply) => reply.replace('# ', '')],
  ['a word for a number', (reply) => reply.replace(',1234,', ',many,')],
  ['a negative count', (reply) => reply.replace(',1234,', ',-1,')],
  ['a fraction', (reply) => reply.replace(',1234,', ',12.5,')],
  ['a number too large to be exact', (reply) => reply.replace(',1234,', ',12345678901234567,')],
  ['an impossible weight', (reply) => reply.replace(',9,', ',257,')],
  ['a quoted field without end', (reply) => reply.replace('c\nd"', 'c\nd')],
  ['text after a quoted field', (reply) => reply.replace('c\nd"', 'c\nd"x')],
  ['an empty line in the middle', (reply) => reply.replace('\nweb,s2', '\n\nweb,s2')],
];

for (const [damage, apply] of damages) {
  test(`refuses a whole "show stat" for ${damage}`, (t) => {
    const reply = statReply(columns26, statRows);
    t.not(apply(reply), reply);
    t.false(parseStats(apply(reply)).ok);
  });
}

for (const [damage, from, to] of [
  ['another format version', '1\n#', '2\n#'],
  ['an unknown operational state', '10.0.0.1 2 0 ', '10.0.0.1 4 0 '],
  ['an impossible weight', ' 256 256 ', ' 257 256 '],
  ['an impossible port', ' 8080 ', ' 65536 '],
  ['a row with a field too few', ' 8080 -', ' 8080'],
] as const) {
  test(`refuses a whole "show servers state" for ${damage}`, (t) => {
    t.true(stateReply.includes(from));
    t.false(parseServersState(stateReply.replace(from, to)).ok);
  });
}
