import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort, someNetwork } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, type Identity, tlsTest } from '../../support/certificates.ts';
import { Haweight, haweight } from '../../support/process.ts';

/** Secrets that must not appear anywhere, by name. */
type Canaries = Readonly<Record<string, string>>;

const random = () => randomBytes(24).toString('hex');

/** The names of the canaries that a text has, whole or a good part of them. */
function foundIn(text: string, canaries: Canaries): string[] {
  return Object.entries(canaries).flatMap(([name, secret]) => (text.includes(secret.slice(4, 28)) ? [name] : []));
}

/** What every user of this machine may read of the processes that run on it. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** The body of a PEM key, without its first line, which all keys of a kind share. */
function secretOf(keyFile: string): string {
  return readFileSync(keyFile, 'utf8').split('\n').slice(1, -2).join('').slice(40);
}

interface From extends Identity {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly ca: string;
}

async function get({ host, port, path, ca, cert, key }: From, token: string) {
  const files = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
  const sent = request({
    host,
    port,
    path,
    ...files,
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: JSON.stringify(response.headers) + (await text(response)) };
}

tlsTest('tokens and keys appear in no log, process list, status, metric, recording, view or message', async (t) => {
  using authority = new Authority();
  const path = (file: string) => authority.path(file);
  const file = (name: string, text: string) => {
    writeFileSync(path(name), `${text}\n`, { mode: 0o600 });
    return path(name);
  };
  const address = `${someNetwork()}.1`;
  const [agentPort, statusPort] = [await freePort(), await freePort()];
  const [own, agents, client] = [
    authority.issue('status', 'IP:127.0.0.1'),
    authority.issue('web1', `IP:${address}`),
    authority.issue('client', 'DNS:client'),
  ];
  const canaries: Canaries = {
    agentToken: random(),
    controllerToken: random(),
    wrongAgentToken: random(),
    wrongControllerToken: random(),
    urlPassword: random(),
    statusKey: secretOf(own.key),
    agentKey: secretOf(agents.key),
    clientKey: secretOf(client.key),
  };
  for (const [name, secret] of Object.entries(canaries)) t.true(secret.length >= 28, name);
  const agentToken = file('agent.token', canaries['agentToken'] ?? '');
  const controllerToken = file('controller.token', canaries['controllerToken'] ?? '');
  const seen = new Map<string, string>();

  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({
      backends: [{ name: 'web', servers: [{ name: 'web1', address: `${address}:9` }] }],
    }),
  });
  const debug = ['--log-level', 'debug'];
  const agentTls = ['--tls-cert', agents.cert, '--tls-key', agents.key, '--tls-client-ca', authority.ca];
  const agentArgs = ['agent', '--scope', 'host', '--name', 'web1', '--listen', `${address}:${agentPort}`];
  await using agent = new Haweight([...agentArgs, ...agentTls, ...debug], {
    HAWEIGHT_AGENT_TOKEN: canaries['agentToken'],
  });
  const config = file(
    'c.json',
    JSON.stringify({
      haproxy: { socket: haproxy.socket },
      backends: [{ name: 'web' }],
      agents: {
        url: `https://{address}:${agentPort}`,
        tokenFile: agentToken,
        tls: { ca: authority.ca, ...client },
      },
      listen: `127.0.0.1:${statusPort}`,
      tls: { ...own, clientCa: authority.ca },
      record: { file: path('ticks.jsonl') },
      logLevel: 'debug',
      periodMs: 1_000,
    }),
  );
  await using controller = new Haweight(['controller', '--config', config], {
    HAWEIGHT_CONTROLLER_TOKEN: canaries['controllerToken'],
  });
  const there = ['--controller', `https://127.0.0.1:${statusPort}`, '--ca-file', authority.ca];
  const access = [...there, '--cert-file', client.cert, '--key-file', client.key];
  const trusted = [...access, '--token-file', controllerToken];
  await until('a status with a fresh agent', async () => {
    const { stdout } = await haweight(['weights', '--json', ...trusted]);
    seen.set('weights --json', stdout);
    return stdout.includes('"state":"fresh"');
  });
  await using watching = new Haweight(['weights', '--watch', ...trusted]);
  await until('the watcher', () => watching.stdout.includes('web1'));
  seen.set('process list', commandLines());

  const say = async (title: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
    const { code, stdout, stderr } = await haweight(args, environment);
    seen.set(title, stdout + stderr);
    return { code, stderr };
  };
  t.is((await say('explain', ['explain', 'web/web1', ...trusted])).code, 0);
  t.is((await say('doctor', ['doctor', '--config', config, ...trusted])).code, 0);
  const wrong = { HAWEIGHT_CONTROLLER_TOKEN: canaries['wrongControllerToken'] };
  t.regex((await say('a wrong token', ['weights', ...access], wrong)).stderr, /refused the bearer token/);
  const wrongAgent = file('wrong.token', canaries['wrongAgentToken'] ?? '');
  const wrongConfig = file('wrong.json', readFileSync(config, 'utf8').replace(agentToken, wrongAgent));
  const doctor = await say('doctor with a wrong token', ['doctor', '--config', wrongConfig, ...trusted]);
  t.is(doctor.code, 1);
  for (const [title, args] of [
    ['a key as the configuration', ['controller', '--config', own.key]],
    ['a token as the configuration', ['controller', '--config', agentToken]],
    ['a key as a token', ['weights', ...access, '--token-file', own.key]],
    ['a key as a certificate', ['agent', '--tls-cert', own.key, '--tls-key', own.key]],
    ['a token as a key', ['agent', '--tls-cert', own.cert, '--tls-key', agentToken]],
  ] as const) {
    t.is((await say(title, args)).code, 2, title);
  }
  const url = `http://user:${canaries['urlPassword']}@10.0.0.1:9477`;
  for (const [title, args] of [
    ['--agent', ['controller', '-b', 'web', '--agent', `web1=${url}`]],
    ['--agent-url', ['controller', '-b', 'web', '--agent-url', `${url}/{server}`]],
    ['--controller', ['weights', '--controller', url]],
  ] as const) {
    t.is((await say(`a password in the URL of ${title}`, args)).code, 2, title);
  }
  for (const [name, host, port, token] of [
    ['controller', '127.0.0.1', statusPort, 'controllerToken'],
    ['agent', address, agentPort, 'agentToken'],
  ] as const) {
    for (const path of ['/metrics', name === 'agent' ? '/v1/snapshot' : '/v1/status']) {
      const from = { host, port, path, ca: authority.ca, ...client };
      const answer = await get(from, canaries[token] ?? '');
      t.is(answer.status, 200);
      seen.set(`${name} ${path}`, answer.body);
      const refused = await get(from, canaries['wrongControllerToken'] ?? '');
      t.is(refused.status, 401);
      seen.set(`${name} ${path} with a wrong token`, refused.body);
    }
  }
  t.is((await controller.stop()).code, 0);
  seen.set('log of the controller', controller.stderr + controller.stdout);
  seen.set('log of the agent', agent.stderr + agent.stdout);
  seen.set('recording', readFileSync(path('ticks.jsonl'), 'utf8'));
  seen.set('watcher', watching.stdout + watching.stderr);

  for (const [where, shown] of seen) {
    t.true(shown.length > 20, where);
    t.deepEqual(foundIn(shown, canaries), [], where);
  }
  t.regex(seen.get('process list') ?? '', /weights\0--watch/);
});

test('a canary in a text is found', (t) => {
  const secret = random();
  t.deepEqual(foundIn(`a ${secret} b`, { it: secret, other: random() }), ['it']);
  t.deepEqual(foundIn(commandLines(), { it: readFileSync('/proc/self/cmdline', 'utf8') }), ['it']);
});

const commands = ['agent', 'controller', 'weights', 'explain', 'replay', 'simulate', 'doctor', 'restore', 'demo'];

for (const command of commands) {
  test.serial(`no flag of haweight ${command} takes a secret`, async (t) => {
    const { stdout } = await haweight([command, '--help']);
    const [options = ''] = stdout.split('Examples:');
    const flags = [...options.matchAll(/^ +(?:-\w, )?(--[a-z-]+)(?: <([^>]+)>)?/gm)];
    t.true(flags.length > 0);
    for (const [, flag = '', value] of flags) {
      if (/token|key|secret|password|cert/.test(flag)) t.is(value, 'file', flag);
    }
  });
}
