import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { configuration, expectOk, servers, haproxyTest as test, weights } from './setup.ts';

test('weights set during drain or maintenance are shown at once and stay', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { api } = haproxy;
  for (const [state, expected] of [
    ['drain', { maintenance: false, drain: true }],
    ['maint', { maintenance: true, drain: false }],
  ] as const) {
    await operatorSays(haproxy, `set server web/s1 state ${state}`);
    const weight = state === 'drain' ? 70 : 80;
    expectOk(await api.setWeights('web', [{ server: 's1', weight }]));
    t.like(expectOk(await api.servers('web'))[0], { adminState: expected, weight });
    await operatorSays(haproxy, 'set server web/s1 state ready');
    t.like(expectOk(await api.servers('web'))[0], { adminState: { maintenance: false, drain: false }, weight });
    t.like(expectOk(await api.stats('web'))[0], { weight, effectiveWeight: weight });
  }
});

test('slowstart lowers the effective weight, not the one that was set', async (t) => {
  const slow = renderConfiguration({
    backends: [{ name: 'web', servers: [{ name: 's1', address: '127.0.0.1:1', options: 'slowstart 60s' }] }],
  });
  await using haproxy = await startHaproxy({ configuration: slow });
  await operatorSays(haproxy, 'set server web/s1 state maint;set server web/s1 state ready');
  const [s1] = expectOk(await haproxy.api.stats('web'));
  t.is(s1?.weight, 100);
  t.true((s1?.effectiveWeight ?? 100) < 100);
  t.true((s1?.throttlePercent ?? 100) < 100);
  t.like(expectOk(await haproxy.api.servers('web'))[0], { operationalState: 'starting', weight: 100 });
});

test("an agent-check's weight shows", async (t) => {
  const agent = renderConfiguration({
    backends: [
      {
        name: 'web',
        servers: [{ name: 's1', address: '127.0.0.1:1', options: 'agent-check agent-port 1' }, ...servers.slice(1)],
      },
    ],
  });
  await using haproxy = await startHaproxy({ configuration: agent });
  t.deepEqual(
    expectOk(await haproxy.api.stats('web')).map(({ agentCheck }) => agentCheck),
    [true, false, false, false],
  );
});

test('a reload resets weights and counters', async (t) => {
  const withFrontend = renderConfiguration({
    frontends: [{ name: 'http', bind: 'unix@http.sock', backend: 'web' }],
    backends: [{ name: 'web', servers }],
  });
  await using haproxy = await startHaproxy({ configuration: withFrontend, masterWorker: true });
  const { api } = haproxy;
  expectOk(
    await api.setWeights('web', [
      { server: 's1', weight: 7 },
      { server: 's2', weight: 0 },
    ]),
  );
  const client = connect(join(haproxy.folder, 'http.sock')).resume();
  // not end(): from 3.3 on HAProxy gives up on a client that closes its half (option abortonclose is on)
  client.write('GET / HTTP/1.0\r\n\r\n');
  await once(client, 'close');
  const [counted] = expectOk(await api.stats('web'));
  t.true((counted?.connectionErrors ?? 0) > 0);
  t.true((counted?.totalSessions ?? 0) > 0);
  const { pid } = expectOk(await api.info());
  await haproxy.reload();
  t.not(expectOk(await api.info()).pid, pid);
  t.deepEqual(await weights(api, 'web'), { s1: 100, s2: 40, s3: 100 });
  t.like(expectOk(await api.stats('web'))[0], { connectionErrors: 0, totalSessions: 0 });
});
