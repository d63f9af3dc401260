import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort, someNetwork } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, tlsTest } from '../../support/certificates.ts';
import { httpServer } from '../../support/http-server.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { serve, startAgent } from './support/tls-agent.ts';

for (const [title, args, expected] of [
  ['a certificate without a key', ['--tls-cert', '/x'], /^haweight: --tls-key: TLS takes a certificate and its key\./],
  ['a CA for clients alone', ['--tls-client-ca', '/x'], /^haweight: --tls-cert: TLS takes a certificate/],
  ['files that are not there', ['--tls-cert', '/x', '--tls-key', '/y'], /^haweight: \/x: cannot be read; .*ENOENT/],
] as const) {
  tlsTest(`an agent with ${title} refuses to start with one line and exit code 2`, async (t) => {
    const { code, stderr } = await haweight(['agent', '--listen', '127.0.0.1:0', ...args]);
    t.is(code, 2, stderr);
    t.regex(stderr, expected);
    t.regex(stderr, /^[^\n]+\n$/);
  });
}

/** The commands of docs/operations.md, with an address of this test. */
function documentedCommands(t: ExecutionContext, address: string): readonly string[] {
  const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('\n## TLS\n');
  const commands = [...(section.split('\n## ')[0] ?? '').matchAll(/```sh\n([\s\S]+?)```/g)].map(
    ([, block = '']) => block,
  );
  t.is(commands.length, 3);
  return commands.map((block) => block.replaceAll('10.0.0.11', address));
}

tlsTest('the commands of docs/operations.md make the files that controller, agents and CLI need', async (t) => {
  using authority = new Authority();
  const address = `${someNetwork()}.1`;
  const [statusPort, agentPort] = [await freePort(), await freePort()];
  for (const block of documentedCommands(t, address)) {
    execFileSync('sh', ['-ec', block], { cwd: authority.folder, stdio: 'pipe' });
  }
  const path = (file: string) => authority.path(file);
  const [ca, client] = [path('ca.pem'), { cert: path('controller.pem'), key: path('controller.key') }];
  const own = authority.issue('status', 'IP:127.0.0.1');
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({
      backends: [{ name: 'web', servers: [{ name: 'web1', address: `${address}:9` }] }],
    }),
  });
  await using agent = await startAgent(
    address,
    agentPort,
    '--name',
    'web1',
    ...serve({ cert: path('web1.pem'), key: path('web1.key') }, ca),
  );
  t.is(agent.url, `https://${address}:${agentPort}`);
  const config = path('c.json');
  writeFileSync(
    config,
    JSON.stringify({
      haproxy: { socket: haproxy.socket },
      backends: [{ name: 'web' }],
      agents: { url: `https://{address}:${agentPort}`, tls: { ca, ...client, verify: 'server' } },
      listen: `127.0.0.1:${statusPort}`,
      tls: { ...own, clientCa: ca },
    }),
  );
  await using _controller = new Haweight(['controller', '--config', config, '--period-ms', '1000']);
  const access = ['--ca-file', authority.ca, '--cert-file', client.cert, '--key-file', client.key];
  const there = ['--controller', `https://127.0.0.1:${statusPort}`];
  const seen = await until('a status with a fresh agent', async () => {
    const { stdout } = await haweight(['weights', '--json', ...there, ...access]);
    return stdout.includes('"state":"fresh"') ? stdout : null;
  });
  t.true(seen.includes(`"url":"${agent.url}"`));

  const explain = await haweight(['explain', 'web/web1', ...there, ...access]);
  t.is(explain.code, 0, explain.stderr);
  const doctor = await haweight(['doctor', '--config', config, ...there, ...access]);
  t.is(doctor.code, 0, doctor.stdout + doctor.stderr);
  for (const line of [/ok {4}agent of web1: answered/, /ok {4}tls: /, /ok {4}tls for agents: /, /ok {4}controller: /]) {
    t.regex(doctor.stdout, line);
  }
  const direct = ['--agent-ca-file', ca, '--agent-cert-file', client.cert, '--agent-key-file', client.key];
  const asked = ['--socket', haproxy.socket, '--agent-url', `https://{address}:${agentPort}`];
  const shown = await haweight(['weights', '--json', ...asked, ...direct]);
  t.true(shown.stdout.includes('"state":"fresh"'), shown.stderr + shown.stdout);

  const stranger = await haweight(['weights', ...there]);
  t.is(stranger.code, 2);
  t.regex(stranger.stderr, /its certificate is not trusted; got \w+\. Name the CA that signed it: --ca-file FILE\.\n$/);
  const anonymous = await haweight(['weights', ...there, '--ca-file', authority.ca]);
  t.is(anonymous.code, 2);
  t.regex(anonymous.stderr, /--cert-file FILE/);
  const plain = await haweight(['weights', '--controller', `http://127.0.0.1:${statusPort}`]);
  t.is(plain.code, 2);
  t.regex(plain.stderr, /Does it speak TLS\? Then its URL begins with https:\/\//);
});

tlsTest('a plain status API asked by https says that it speaks no TLS', async (t) => {
  await using server = await httpServer((_, response) => response.end());
  const { code, stderr } = await haweight(['weights', '--controller', `https://${server.address}`]);
  t.is(code, 2);
  t.regex(stderr, /no controller answers; .*It does not seem to speak TLS: is its URL http:\/\/\?\n$/);
});

tlsTest('doctor warns of bad dates and readable keys, and fails unusable files', async (t) => {
  using authority = new Authority();
  const own = authority.issue('status', 'IP:127.0.0.1', 3);
  const ours = authority.issue('client', 'DNS:client');
  chmodSync(ours.key, 0o644);
  const config = authority.path('c.json');
  const write = (tls: object) =>
    writeFileSync(
      config,
      JSON.stringify({
        haproxy: { socket: authority.path('none.sock') },
        backends: [{ name: 'web' }],
        agents: { url: 'https://{address}:9477', tls: { ca: authority.ca, ...ours } },
        tls,
      }),
    );
  const doctor = async () =>
    (await haweight(['doctor', '--config', config, '--controller', 'http://127.0.0.1:1'])).stdout;
  write(own);
  const warned = await doctor();
  t.regex(warned, /\nwarn {2}tls: .*status\.pem: expires in less than 7 days/);
  t.regex(warned, /\nwarn {2}tls for agents: .*client\.key: every user of this machine may read it\. Say chmod o= /);
  write({ ...own, key: ours.key });
  t.regex(await doctor(), /\nfail {2}tls: .*client\.key: is the key of another certificate/);
});
