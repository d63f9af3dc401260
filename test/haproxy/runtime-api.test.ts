import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { traitsOf } from '../../haproxy/versions.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../testbed/rig/ports.ts';
import { codeOf, configuration, expectOk, servers, haproxyTest as test, testedVersion, weights } from './setup.ts';

test('reads process, level, servers and counters', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { api } = haproxy;
  t.like(expectOk(await api.info()), { pid: haproxy.pid });
  t.is(expectOk(await api.level()), 'admin');
  const [s1, s2, s3] = expectOk(await api.servers('web'));
  t.like(s1, { backend: 'web', server: 's1', address: '127.0.0.1', port: 1, operationalState: 'running', weight: 100 });
  t.like(s2, { weight: 40, configuredWeight: 40, adminState: { maintenance: false, drain: false } });
  t.like(s3, { address: null, adminState: { maintenance: true, drain: false }, upForMs: null });
  const rows = expectOk(await api.stats('web'));
  t.deepEqual(
    rows.map(({ name, kind, isBackup, status }) => [name, kind, isBackup, status]),
    [
      ['s1', 'server', false, 'no check'],
      ['s2', 'server', false, 'no check'],
      ['s3', 'server', true, 'MAINT'],
      ['BACKEND', 'backend', false, 'UP'],
    ],
  );
});

test('reads one backend or all, even if a frontend has the same name', async (t) => {
  // where a frontend may have the backend's name, HAProxy looks for it among frontends first
  const { proxiesMayShareName } = traitsOf(testedVersion);
  const all = renderConfiguration({
    frontends: [{ name: proxiesMayShareName ? 'web' : 'http', bind: 'unix@http.sock', backend: 'web' }],
    backends: [
      { name: 'web', servers },
      { name: 'db', mode: 'tcp', servers: [{ name: 's1', address: '127.0.0.1:1' }] },
    ],
  });
  await using haproxy = await startHaproxy({ configuration: all });
  const names = (rows: readonly { backend: string; name: string }[]) => rows.map((row) => `${row.backend}/${row.name}`);
  const web = ['web/s1', 'web/s2', 'web/s3', 'web/BACKEND'];
  t.deepEqual(names(expectOk(await haproxy.api.stats('web'))), web);
  const everything = expectOk(await haproxy.api.stats());
  t.deepEqual(names(everything), [...web, 'db/s1', 'db/BACKEND']);
  t.is(everything.find((row) => row.backend === 'db')?.responses5xx, null);
  t.deepEqual(
    expectOk(await haproxy.api.servers()).map(({ backend }) => backend),
    ['web', 'web', 'web', 'db'],
  );
});

test('sets weights, which HAProxy then has', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const changes = [
    { server: 's1', weight: 256 },
    { server: 's2', weight: 0 },
  ];
  expectOk(await haproxy.api.setWeights('web', changes));
  t.deepEqual(await weights(haproxy.api, 'web'), { s1: 256, s2: 0, s3: 100 });
  const [s1, s2] = expectOk(await haproxy.api.stats('web'));
  t.like(s1, { weight: 256, effectiveWeight: 256 });
  t.like(s2, { weight: 0, effectiveWeight: 0, status: 'no check' });
  expectOk(await haproxy.api.setWeights('web', []));
});

test('sets limits, which HAProxy then has, and takes them away', async (t) => {
  const limited = [
    { name: 's1', address: '127.0.0.1:1' },
    { name: 's2', address: '127.0.0.1:2', options: 'maxconn 40' },
  ];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({
      backends: [{ name: 'web', lines: ['fullconn 5000'], servers: limited }],
    }),
  });
  const limits = async () => expectOk(await haproxy.api.stats('web')).map(({ name, limit }) => [name, limit]);
  t.deepEqual(await limits(), [
    ['s1', null],
    ['s2', 40],
    ['BACKEND', 5_000],
  ]);
  const set = (s1: number, s2: number) => [
    { server: 's1', limit: s1 },
    { server: 's2', limit: s2 },
  ];
  expectOk(await haproxy.api.setLimits('web', set(7, 2_147_483_647)));
  t.deepEqual(await limits(), [
    ['s1', 7],
    ['s2', 2_147_483_647],
    ['BACKEND', 5_000],
  ]);
  expectOk(await haproxy.api.setLimits('web', set(0, 40)));
  t.deepEqual(await limits(), [
    ['s1', null],
    ['s2', 40],
    ['BACKEND', 5_000],
  ]);
  t.is(codeOf(await haproxy.api.setLimits('web', [{ server: 'none', limit: 1 }])), 'server-missing');
});

test('sets several hundred servers with long names, on several lines', async (t) => {
  const many = Array.from({ length: 600 }, (_, index) => ({
    name: `${'n'.repeat(60)}-${index}`,
    address: '127.0.0.1:1',
  }));
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'many', servers: many }] }),
  });
  const changes = many.map(({ name }, index) => ({ server: name, weight: index % 257 }));
  expectOk(await haproxy.api.setWeights('many', changes));
  t.deepEqual(
    await weights(haproxy.api, 'many'),
    Object.fromEntries(changes.map(({ server, weight }) => [server, weight])),
  );
});

test('a socket at level operator reads but changes nothing', async (t) => {
  const operator = renderConfiguration({
    sockets: [{ bind: 'unix@operator.sock', level: 'operator' }],
    backends: [{ name: 'web', servers }],
  });
  await using haproxy = await startHaproxy({ configuration: operator });
  const api = new RuntimeApi({ socket: join(haproxy.folder, 'operator.sock') });
  t.is(expectOk(await api.level()), 'operator');
  t.is(codeOf(await api.setWeights('web', [{ server: 's1', weight: 1 }])), 'socket-level');
  t.is((await weights(api, 'web'))['s1'], 100);
});

test('a socket at level user reads all but the algorithm', async (t) => {
  const user = renderConfiguration({
    sockets: [{ bind: 'unix@user.sock', level: 'user' }],
    backends: [{ name: 'web', servers }],
  });
  await using haproxy = await startHaproxy({ configuration: user });
  const api = new RuntimeApi({ socket: join(haproxy.folder, 'user.sock') });
  t.is(expectOk(await api.level()), 'user');
  t.is(expectOk(await api.stats('web')).at(-1)?.algorithm, null);
  t.is(codeOf(await api.setWeights('web', [{ server: 's1', weight: 1 }])), 'socket-level');
});

test('reports an unknown backend or server, and still sets the others', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { api } = haproxy;
  const missing = { ok: false, error: { code: 'backend-missing', where: 'backend gone' } };
  t.like(await api.servers('gone'), missing);
  t.like(await api.stats('gone'), missing);
  t.like(await api.setWeights('gone', [{ server: 's1', weight: 1 }]), missing);
  const one = await api.setWeights('web', [{ server: 'gone', weight: 1 }]);
  t.like(one, { ok: false, error: { code: 'server-missing', where: 'web/gone' } });
  const several = await api.setWeights('web', [
    { server: 'gone', weight: 1 },
    { server: 's1', weight: 33 },
  ]);
  t.like(several, { ok: false, error: { code: 'server-missing', where: 'web' } });
  t.is((await weights(api, 'web'))['s1'], 33);
});

test('a bad name never reaches the socket', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const before = expectOk(await haproxy.api.info()).pid;
  const nasty = 's1 weight 1;shutdown sessions server web/s1';
  t.is(
    codeOf(
      await haproxy.api.setWeights('web', [
        { server: 's2', weight: 1 },
        { server: nasty, weight: 1 },
      ]),
    ),
    'name-invalid',
  );
  t.is(codeOf(await haproxy.api.servers('web;quit')), 'name-invalid');
  t.is(codeOf(await haproxy.api.stats('')), 'name-invalid');
  await t.throwsAsync(haproxy.api.setWeights('web', [{ server: 's1', weight: 300 }]), { instanceOf: RangeError });
  t.deepEqual(await weights(haproxy.api, 'web'), { s1: 100, s2: 40, s3: 100 });
  t.is(expectOk(await haproxy.api.info()).pid, before);
  // nothing listens there: a name that was sent would give socket-missing
  t.is(codeOf(await new RuntimeApi({ socket: '/nowhere/admin.sock' }).servers('a b')), 'name-invalid');
});

test('works through a TCP stats socket', async (t) => {
  const port = await freePort();
  const tcp = renderConfiguration({
    sockets: [{ bind: `ipv4@127.0.0.1:${port}`, level: 'admin' }],
    backends: [{ name: 'web', servers }],
  });
  await using _haproxy = await startHaproxy({ configuration: tcp });
  const api = new RuntimeApi({ socket: `127.0.0.1:${port}` });
  expectOk(await api.setWeights('web', [{ server: 's1', weight: 5 }]));
  t.is((await weights(api, 'web'))['s1'], 5);
});

test('twenty calls at once use one connection at a time', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  let open = 0;
  let most = 0;
  const relay = createServer((client) => {
    open += 1;
    most = Math.max(most, open);
    const upstream = connect(haproxy.socket);
    client.pipe(upstream).pipe(client);
    upstream.on('end', () => {
      open -= 1;
    });
  });
  const socket = join(haproxy.folder, 'relay.sock');
  await once(relay.listen(socket), 'listening');
  const api = new RuntimeApi({ socket });
  const results = await Promise.all(Array.from({ length: 20 }, () => api.servers('web')));
  relay.close();
  t.true(results.every(({ ok }) => ok));
  t.is(most, 1);
});

test('with all connections of the stats socket taken it gives up in time, and works again later', async (t) => {
  await using haproxy = await startHaproxy({ configuration: `global\n  stats maxconn 2\n${configuration}` });
  const held = [connect(haproxy.socket), connect(haproxy.socket)];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const impatient = new RuntimeApi({ socket: haproxy.socket, timeoutMs: 200 });
  t.is(codeOf(await impatient.info()), 'haproxy-timeout');
  for (const socket of held) socket.destroy();
  expectOk(await haproxy.api.info());
});
