import test from 'ava';
import { parseStats } from '../../haproxy/stat-csv.ts';
import { columns26, statColumns, statReply, statRows } from './recorded.ts';

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
      limit: 40,
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
    t.is(rows.value[1]?.limit, null);
    t.like(rows.value[2], { algorithm: 'leastconn', limit: 5_000 });
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
