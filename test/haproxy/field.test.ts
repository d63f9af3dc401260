import { join } from 'node:path';
import { joinBackend, readBackend } from '../../controller/observe/haproxy-view.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { traitsOf } from '../../haproxy/versions.ts';
import { formatProblem } from '../../shared/contract/problem.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { freePort } from '../../testbed/rig/ports.ts';
import { startMaster } from '../support/haproxy-master.ts';
import { field } from './recorded.ts';
import { codeOf, configuration, expectOk, haproxyTest as test, testedVersion, weights } from './setup.ts';

/* What HAProxy is asked to do in the field, and what it then says. */

const exclusionsOf = async ({ api }: HaproxyProcess, backend: string) => {
  const { servers } = expectOk(await readBackend(api, backend));
  return Object.fromEntries(servers.map(({ server, exclusion }) => [server, exclusion]));
};

for (const severity of ['none', 'number', 'string']) {
  test(`severity-output ${severity} on the stats socket: every reply is read, every refusal is known`, async (t) => {
    const socket = `global\n  stats socket unix@odd.sock level admin severity-output ${severity}\n`;
    await using haproxy = await startHaproxy({ configuration: `${socket}${field('severity-output.cfg')}` });
    const api = new RuntimeApi({ socket: join(haproxy.folder, 'odd.sock') });
    t.is(expectOk(await api.level()), 'admin');
    t.is(expectOk(await api.info()).pid, haproxy.pid);
    t.is(expectOk(await api.stats('shop')).length, 3);
    expectOk(
      await api.setWeights('shop', [
        { server: 's1', weight: 33 },
        { server: 's2', weight: 0 },
      ]),
    );
    t.deepEqual(await weights(api, 'shop'), { s1: 33, s2: 0 });
    t.is(codeOf(await api.setWeights('shop', [{ server: 'gone', weight: 1 }])), 'server-missing');
    t.is(codeOf(await api.setWeights('gone', [{ server: 's1', weight: 1 }])), 'backend-missing');
    t.is(codeOf(await api.servers('gone')), 'backend-missing');
  });
}

test('the socket of the master process is named as what it is', async (t) => {
  await using master = await startMaster(configuration);
  const api = new RuntimeApi({ socket: master.socket, timeoutMs: 500 });
  for (const reply of [
    await api.info(),
    await api.level(),
    await api.servers('web'),
    await api.setWeights('web', [{ server: 's1', weight: 1 }]),
  ]) {
    t.is(codeOf(reply), 'socket-master');
  }
});

test('a server whose port is an offset costs nothing', async (t) => {
  const port = await freePort();
  const configuration = field('mapped-port.cfg').replace('20010-20019', String(port));
  await using haproxy = await startHaproxy({ configuration });
  const [p1, p2] = expectOk(await haproxy.api.servers('games'));
  t.like(p1, { address: '127.0.0.1', port: null });
  t.like(p2, { address: '127.0.0.1' });
  t.deepEqual(await exclusionsOf(haproxy, 'games'), { p1: null, p2: null });
});

test('agent-check is known by the state of the server too, and is switched off and on at run time', async (t) => {
  const servers = [
    { name: 's1', address: '127.0.0.1:1', options: 'agent-check agent-port 1 agent-inter 60s' },
    { name: 's2', address: '127.0.0.1:2', options: 'check inter 60s' },
  ];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }),
  });
  const agentChecks = async () => expectOk(await haproxy.api.servers('web')).map(({ agentCheck }) => agentCheck);
  t.deepEqual(await agentChecks(), ['on', undefined]);
  t.deepEqual(await exclusionsOf(haproxy, 'web'), { s1: 'agent-check', s2: null });
  await operatorSays(haproxy, 'disable agent web/s1');
  t.deepEqual(await agentChecks(), ['off', undefined]);
  t.is((await exclusionsOf(haproxy, 'web'))['s1'], null);
  await operatorSays(haproxy, 'enable agent web/s1');
  t.deepEqual(await agentChecks(), ['on', undefined]);
  // 2.4 leaves agent_status of `show stat` empty
  const [states, rows] = [expectOk(await haproxy.api.servers('web')), expectOk(await haproxy.api.stats('web'))];
  const view = joinBackend(
    'web',
    states,
    rows.map((row) => ({ ...row, agentCheck: false })),
  );
  t.is(expectOk(view).servers[0]?.exclusion, 'agent-check');
});

test('slots: `disabled` in the configuration is no maintenance once the slot is in service', async (t) => {
  const port = String(await freePort());
  await using haproxy = await startHaproxy({ configuration: field('disabled-slots.cfg').replace('18090', port) });
  const before = { SRV_1: null, SRV_2: null, SRV_3: 'maintenance', SRV_4: 'maintenance' };
  t.deepEqual(await exclusionsOf(haproxy, 'k8s'), before);
  await operatorSays(haproxy, 'set server k8s/SRV_3 addr 127.0.0.1 port 18083;set server k8s/SRV_3 state ready');
  t.deepEqual(await exclusionsOf(haproxy, 'k8s'), { ...before, SRV_3: null });
  for (const [state, exclusion] of [
    ['drain', 'drain'],
    ['maint', 'maintenance'],
    ['ready', null],
  ] as const) {
    await operatorSays(haproxy, `set server k8s/SRV_3 state ${state}`);
    t.is((await exclusionsOf(haproxy, 'k8s'))['SRV_3'], exclusion);
  }
});

test('slots of weight 0: kept out, in service, and kept out again', async (t) => {
  const port = String(await freePort());
  await using haproxy = await startHaproxy({ configuration: field('zero-slots.cfg').replace('18080', port) });
  t.is((await exclusionsOf(haproxy, 'slots'))['srv002'], 'configured-zero');
  await operatorSays(haproxy, 'set server slots/srv002 state ready;set server slots/srv002 weight 3');
  const { servers, found } = expectOk(await readBackend(haproxy.api, 'slots'));
  t.like(
    servers[1],
    { exclusion: null, configuredWeight: 3, currentWeight: 3 },
    'its weight to give back is what it has',
  );
  expectOk(await haproxy.api.setWeights('slots', [{ server: 'srv002', weight: 0 }]));
  const known = { found, decided: new Map([['srv002', 0]]) };
  const drained = expectOk(await readBackend(haproxy.api, 'slots', known));
  t.like(drained.servers[1], { exclusion: null, configuredWeight: 3, currentWeight: 0 }, 'the weight 0 is ours');
  const foreign = expectOk(await readBackend(haproxy.api, 'slots', { found, decided: new Map([['srv002', 256]]) }));
  t.is(foreign.servers[1]?.exclusion, 'configured-zero', 'the weight 0 is of another writer');
});

test('a server that tracks another is in maintenance with it, and has its own weight', async (t) => {
  const servers = [
    { name: 's1', address: '127.0.0.1:1', options: 'check inter 60s' },
    { name: 's2', address: '127.0.0.1:2', options: 'track web/s1', weight: 9 },
  ];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }),
  });
  for (const [state, exclusion] of [
    ['maint', 'maintenance'],
    ['drain', 'drain'],
    ['ready', null],
  ] as const) {
    await operatorSays(haproxy, `set server web/s1 state ${state}`);
    t.deepEqual(await exclusionsOf(haproxy, 'web'), { s1: exclusion, s2: exclusion });
  }
  t.is((await weights(haproxy.api, 'web'))['s2'], 9);
});

test('a server that is added or deleted between two replies is left out until the next', async (t) => {
  const { addServerIsExperimental } = traitsOf(testedVersion);
  const first = addServerIsExperimental ? 'experimental-mode on;' : '';
  await using haproxy = await startHaproxy({ configuration });
  const add = `${first}add server web/dyn 127.0.0.1:7 weight 5;set server web/dyn state ready`;
  const api = (between: string) => ({
    servers: async (backend?: string) => {
      const states = await haproxy.api.servers(backend);
      await operatorSays(haproxy, between);
      return states;
    },
    stats: (backend?: string) => haproxy.api.stats(backend),
  });
  const names = async (between: string) => {
    const view = expectOk(await readBackend(api(between), 'web'));
    return view.servers.map(({ server }) => server);
  };
  t.deepEqual(await names(add), ['s1', 's2', 's3']);
  t.like(expectOk(await readBackend(haproxy.api, 'web')).servers.at(-1), {
    ...{ server: 'dyn', exclusion: null, currentWeight: 5, configuredWeight: 5 },
  });
  t.deepEqual(await names(`set server web/dyn state maint;${first}del server web/dyn`), ['s1', 's2', 's3']);
  t.deepEqual(await exclusionsOf(haproxy, 'web'), { s1: null, s2: null, s3: 'backup' });
});

test('a stats socket is asked at an abstract name, on every address and by a path', async (t) => {
  const [port, port6] = [await freePort(), await freePort()];
  const name = `haweight-${process.pid}`;
  const hasAbnsz = Number.parseFloat(testedVersion) >= 3.1;
  const binds = [`abns@${name}`, `*:${port}`, `ipv4@127.0.0.1:${port6}`, ...(hasAbnsz ? [`abnsz@${name}-z`] : [])];
  const lines = binds.map((bind) => `  stats socket ${bind} level admin\n`).join('');
  await using haproxy = await startHaproxy({ configuration: `global\n${lines}${configuration}` });
  for (const socket of [...binds, `127.0.0.1:${port}`, `unix@${haproxy.socket}`]) {
    const info = await new RuntimeApi({ socket }).info();
    t.is(info.ok ? info.value.pid : info.error.what, haproxy.pid, socket);
  }
  t.is(codeOf(await new RuntimeApi({ socket: `abns@${name}-gone` }).info()), 'socket-refused');
});

test('weights of 200 slots are written through a buffer of 4096 bytes', async (t) => {
  const slots = 'backend production\n  server-template production-web-slot 1-200 127.0.0.1:1 weight 100\n';
  await using haproxy = await startHaproxy({ configuration: `global\n  tune.bufsize 4096\n${configuration}${slots}` });
  const names = expectOk(await haproxy.api.servers('production')).map(({ server }) => server);
  t.is(names.length, 200);
  const changes = names.map((server) => ({ server, weight: 7 }));
  expectOk(await haproxy.api.setWeights('production', changes));
  t.deepEqual(new Set(Object.values(await weights(haproxy.api, 'production'))), new Set([7]));
});

test('a backend that is `disabled` is not called missing', async (t) => {
  const disabled = 'backend off\n  disabled\n  server s1 127.0.0.1:1\n';
  await using haproxy = await startHaproxy({ configuration: `${configuration}${disabled}` });
  const view = await readBackend(haproxy.api, 'off');
  t.regex(view.ok ? '' : formatProblem(view.error), /^backend off: .*does not use it.*"disabled" in its section/);
});

test('of a misspelt backend the nearest name comes first, and what is left out is counted', async (t) => {
  const many = Array.from({ length: 20 }, (_, index) => `backend api-${index + 1}\n`).join('');
  await using haproxy = await startHaproxy({ configuration: `${configuration}${many}backend checkout\n` });
  const view = await readBackend(haproxy.api, 'chekout');
  t.regex(view.ok ? '' : formatProblem(view.error), /expected one of "checkout", "web", "api-1".* and 14 more\. /);
});
