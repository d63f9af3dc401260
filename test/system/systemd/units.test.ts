import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { type Snapshot, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { findHaproxy } from '../../../testbed/rig/haproxy-program.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { weights } from '../../haproxy/setup.ts';
import { isRoot } from '../../support/root.ts';
import { serialWhere, testWhere } from '../../support/test-where.ts';
import { Machine } from './machine.ts';

const units = join(import.meta.dirname, '../../..', 'deploy', 'systemd');
const agent = 'haweight-agent.service';
const controller = 'haweight-controller.service';
const log = '/var/log/haweight.log';
const socket = '/run/haproxy/admin.sock';
const token = '0123456789abcdef0123456789abcdef';
const configured = { s1: 100, s2: 40 };

const hasSystemd = existsSync('/lib/systemd/systemd') && existsSync('/usr/bin/systemd-analyze');
const canBoot = hasSystemd && isRoot && findHaproxy() !== null && mayUnshare();
const analyzeTest = testWhere(hasSystemd, 'checks of the units, which want systemd');
const systemdTest = serialWhere(
  canBoot,
  'tests under systemd, which want systemd, HAProxy, root, and namespaces of their own',
);

const analyze = promisify(execFile);

/** In many containers root may not. */
function mayUnshare(): boolean {
  const flags = ['--mount', '--pid', '--net', '--cgroup', '--uts', '--ipc', '--fork', '--propagation', 'private'];
  return spawnSync('unshare', [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

for (const unit of [agent, controller]) {
  analyzeTest(`systemd-analyze verify finds nothing in ${unit}`, async (t) => {
    const { stdout, stderr } = await analyze('systemd-analyze', ['verify', '--man=no', join(units, unit)]);
    t.is(stdout + stderr, '');
  });

  analyzeTest(`systemd-analyze security rates ${unit} at most 1.2 of 10`, async (t) => {
    const flags = ['security', '--offline=true', '--threshold=12', '--no-pager', join(units, unit)];
    await t.notThrowsAsync(analyze('systemd-analyze', flags));
  });
}

/** A machine with HAProxy, the package's units as they are, an agent and a controller, both running. */
async function installed(settings: { readonly yaml?: string; readonly controllerUnit?: string } = {}) {
  const machine = await Machine.start();
  try {
    const from = '/opt/haweight/deploy/systemd';
    await machine.run('cp', `${from}/${agent}`, `${from}/${controller}`, '/etc/systemd/system');
    await machine.run('cp', `${from}/haweight.sysusers.conf`, '/usr/lib/sysusers.d/haweight.conf');
    await machine.write('/usr/lib/sysusers.d/haproxy.conf', 'u haproxy -\n');
    await machine.run('systemd-sysusers');
    await machine.write('/etc/haweight/agent.token', `${token}\n`);
    await machine.run('chmod', '600', '/etc/haweight/agent.token');
    await machine.write('/etc/haweight/agent.env', 'HAWEIGHT_AGENT_OPTIONS=--listen 127.0.0.1:9477 --link-speed 1G\n');
    await machine.write('/etc/haweight/controller.yaml', `${configuration}${settings.yaml ?? ''}`);
    await machine.write('/etc/haproxy/haweight-test.cfg', haproxyConfiguration);
    await machine.write('/etc/systemd/system/haproxy.service', haproxyUnit);
    await machine.write('/run/haproxy/.keep', '');
    await machine.write(`/etc/systemd/system/${agent}.d/test.conf`, dropIn(''));
    await machine.write(`/etc/systemd/system/${controller}.d/test.conf`, dropIn(settings.controllerUnit ?? ''));
    await machine.run('systemctl', 'daemon-reload');
    // returns when each has reported ready
    await machine.run('systemctl', 'start', 'haproxy.service', agent, controller).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await machine.read(log)}`);
    });
    return machine;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

const configuration = `
backends: [{name: web}]
agents: {timeoutMs: 100, tokenFile: /run/credentials/${controller}/agent.token}
haproxy: {timeoutMs: 100}
periodMs: 1000
record: {file: /var/lib/haweight/ticks.jsonl}
`;

const haproxyConfiguration = renderConfiguration({
  backends: [
    {
      name: 'web',
      servers: [
        { name: 's1', address: '127.0.0.1:80', weight: 100 },
        { name: 's2', address: '127.0.0.1:81', weight: 40 },
      ],
    },
  ],
}).replace(
  /^global$/m,
  `global\n  user haproxy\n  group haproxy\n  stats socket ${socket} mode 660 user root group haproxy level admin`,
);

const haproxyUnit = `[Service]\nExecStart=${findHaproxy()} -W -db -f /etc/haproxy/haweight-test.cfg\n`;

/** There is no journal in the machine. */
function dropIn(more: string): string {
  return `[Service]\nStandardOutput=append:${log}\nStandardError=append:${log}\n${more}`;
}

const weightsIn = async (machine: Machine) => await weights(new RuntimeApi({ socket: machine.path(socket) }), 'web');
const areOurs = async (machine: Machine) => JSON.stringify(await weightsIn(machine)) !== JSON.stringify(configured);

async function statusOf(machine: Machine, unit: string): Promise<Map<string, string>> {
  const text = await machine.read(`/proc/${await machine.show(unit, 'MainPID')}/status`);
  return new Map(text.split('\n').map((line) => line.split(/:\s*/, 2) as [string, string]));
}

async function snapshotIn(machine: Machine): Promise<Snapshot> {
  const url = 'http://127.0.0.1:9477/v1/snapshot';
  const ask = `console.log(await (await fetch('${url}', { headers: { authorization: 'Bearer ${token}' } })).text())`;
  return snapshotSchema.parse(JSON.parse(await machine.run('node', '--input-type=module', '-e', ask)));
}

systemdTest("under systemd, agent and controller need no right but that to HAProxy's socket", async (t) => {
  await using machine = await installed();
  await until('our weights', () => areOurs(machine));
  const group = async (name: string) => (await machine.run('getent', 'group', name)).split(':')[2];
  for (const unit of [agent, controller]) {
    const status = await statusOf(machine, unit);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.regex(status.get(set) ?? '', /^0+$/, unit);
    t.is(status.get('NoNewPrivs'), '1');
    t.is(status.get('Seccomp'), '2');
    t.is(await machine.show(unit, 'WatchdogUSec'), '30s');
    t.notRegex(status.get('Uid') ?? '', /\b0\b/);
  }
  const groups = (await statusOf(machine, controller)).get('Groups')?.trim().split(' ');
  t.deepEqual(new Set(groups), new Set([await group('haproxy'), await group('haweight')]));
  t.is(await machine.show(controller, 'StatusText'), 'adaptive sets the weights of web');
  t.is(await machine.show(agent, 'StatusText'), 'measuring: host');
  t.regex(await machine.read('/var/lib/haweight/ticks.jsonl'), /^\{"haweightRecording"/);
  t.is(
    await machine.run('stat', '-c', '%U %a', '/var/lib/haweight', '/var/lib/haweight/ticks.jsonl'),
    'haweight 700\nhaweight 600',
  );

  // weights by cores are there before a utilisation, which needs two readings
  await until('all metrics but bandwidth', async () => {
    const { bandwidth: _, ...rest } = (await snapshotIn(machine)).metrics;
    return Object.values(rest).every(({ status }) => status === 'ok');
  });
  // the machine has no network card
  t.is((await snapshotIn(machine)).metrics.bandwidth.status, 'unavailable');
});

systemdTest(
  'under systemd, a controller killed with -9 leaves the configured weights and is started again',
  async (t) => {
    await using machine = await installed();
    await until('our weights', () => areOurs(machine));
    const pid = await machine.show(controller, 'MainPID');
    await machine.run('kill', '-9', pid);
    await until('restored', async () => /^web: [12] weights? restored$/m.test(await machine.read(log)));
    await until('started again', async () => (await machine.show(controller, 'ActiveState')) === 'active');
    t.not(await machine.show(controller, 'MainPID'), pid);
    t.is(await machine.show(controller, 'NRestarts'), '1');
    await until('our weights again', () => areOurs(machine));

    await machine.run('systemctl', 'stop', controller);
    t.is(await machine.show(controller, 'Result'), 'success');
    t.deepEqual(await weightsIn(machine), configured);
    t.regex(await machine.read(log), /^web: already at the configured weights$/m);
  },
);

systemdTest('under systemd, the watchdog ends a controller that hangs, and weights are restored', async (t) => {
  const hang = '/run/hang';
  const environment = `Environment=NODE_OPTIONS="--import=/opt/haweight/test/system/systemd/hang.mjs" HAWEIGHT_TEST_HANG=${hang}`;
  await using machine = await installed({ controllerUnit: `WatchdogSec=10\n${environment}\n` });
  await until('our weights', () => areOurs(machine));
  await machine.write(hang, '');
  await until('a tick that hangs', async () => (await machine.read(log)).includes('a tick hangs'));
  await rm(machine.path(hang));
  // everything but the tick goes on
  const alive = `console.log((await fetch('http://127.0.0.1:9478/healthz')).status)`;
  t.is(await machine.run('node', '--input-type=module', '-e', alive), '200');
  t.is(await machine.show(controller, 'NRestarts'), '0');
  await until('restored', async () => /^web: [12] weights? restored$/m.test(await machine.read(log)));
  await until('started again', async () => (await machine.show(controller, 'ActiveState')) === 'active');
  t.is(await machine.show(controller, 'NRestarts'), '1');
  await until('our weights again', () => areOurs(machine));
});

systemdTest('under systemd, onExit: keep is not undone by ExecStopPost', async (t) => {
  await using machine = await installed({ yaml: 'onExit: keep\n' });
  await until('our weights', () => areOurs(machine));
  await machine.run('systemctl', 'stop', controller);
  t.true(await areOurs(machine));
  t.regex(await machine.read(log), /^nothing to restore: the configuration has onExit: keep$/m);
});

systemdTest('under systemd, the controller runs without HAProxy, and says what it waits for', async (t) => {
  await using machine = await installed();
  await machine.run('systemctl', 'stop', controller, 'haproxy.service');
  await unlink(machine.path(socket)).catch(() => undefined);
  await machine.run('systemctl', 'start', controller).catch(async () => t.fail(await machine.read(log)));
  t.regex(await machine.show(controller, 'StatusText'), /: no such socket/);
  await machine.run('systemctl', 'start', 'haproxy.service');
  await until('its work', async () =>
    (await machine.show(controller, 'StatusText')).endsWith('sets the weights of web'),
  );
  t.is(await machine.show(controller, 'NRestarts'), '0');
});

systemdTest(
  "under systemd, an agent that runs as the application's user measures it, without a capability",
  async (t) => {
    await using machine = await installed();
    const serve = `require('node:http').createServer((_, answer) => answer.end()).listen(8080)`;
    await machine.write('/usr/lib/sysusers.d/app.conf', 'u app -\n');
    await machine.run('systemd-sysusers');
    await machine.write('/opt/app.cjs', serve);
    await machine.write('/etc/systemd/system/app.service', '[Service]\nUser=app\nExecStart=node /opt/app.cjs\n');
    // as docs/operations.md has it
    const unit = '[Service]\nDynamicUser=no\nUser=app\nPrivateUsers=no\n';
    await machine.write(`/etc/systemd/system/${agent}.d/process.conf`, unit);
    const options = '--listen 127.0.0.1:9477 --scope process --port 8080';
    await machine.write('/etc/haweight/agent.env', `HAWEIGHT_AGENT_OPTIONS=${options}\n`);
    await machine.run('systemctl', 'daemon-reload');
    await machine.run('systemctl', 'start', 'app.service');
    await machine.run('systemctl', 'restart', agent);
    const { cpu, ram, threads, tcpQueues } = await until('all metrics', async () => {
      const { metrics } = await snapshotIn(machine);
      return metrics.cpu.status === 'ok' && metrics.tcpQueues.status === 'ok' ? metrics : null;
    });
    t.deepEqual([cpu.status, ram.status, threads.status, tcpQueues.status], ['ok', 'ok', 'ok', 'ok']);
    t.regex((await statusOf(machine, agent)).get('CapEff') ?? '', /^0+$/);
  },
);

// images for LXC and Incus bring it as /run/systemd/system/service.d/zzz-lxc-service.conf
const imageDropIn = `[Service]
ProcSubset=all
ProtectProc=default
ProtectControlGroups=no
ProtectKernelTunables=no
LoadCredential=
`;

systemdTest(
  'under systemd, units whose image takes their credentials away say so, and run as the document has it',
  async (t) => {
    await using machine = await installed();
    await machine.write('/run/systemd/system/service.d/zzz-lxc-service.conf', imageDropIn);
    await machine.run('systemctl', 'daemon-reload');
    for (const unit of [agent, controller]) {
      await t.throwsAsync(machine.run('systemctl', 'restart', unit), undefined, unit);
      await machine.run('systemctl', 'stop', unit);
    }
    const reason =
      "systemd gave no credential: LoadCredential= of the unit is empty \\(a drop-in of the container's image\\?\\)";
    const text = await machine.read(log);
    t.regex(text, new RegExp(`^haweight: /token: ${reason}`, 'm'));
    t.regex(text, new RegExp(`^haweight: /run/credentials/${controller}/agent.token: ${reason}`, 'm'));

    // docs/operations.md, LXC and Incus
    const environment = await machine.read('/etc/haweight/agent.env');
    await machine.write('/etc/haweight/agent.env', `${environment}HAWEIGHT_AGENT_TOKEN=${token}\n`);
    await machine.run('chmod', '600', '/etc/haweight/agent.env');
    await machine.run('chgrp', 'haweight', '/etc/haweight/agent.token');
    await machine.run('chmod', '640', '/etc/haweight/agent.token');
    const plain = configuration.replace(`/run/credentials/${controller}/agent.token`, '/etc/haweight/agent.token');
    await machine.write('/etc/haweight/controller.yaml', plain);
    await machine.run('systemctl', 'start', agent, controller);
    await until('our weights', () => areOurs(machine));
    t.is((await snapshotIn(machine)).scope.kind, 'host');
  },
);
