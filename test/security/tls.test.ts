import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { formatProblem } from '../../contract/problem.ts';
import { AgentClient, type AgentClientOptions } from '../../controller/observe/agent-client.ts';
import { renderConfiguration } from '../../haproxy/configuration.ts';
import { startHaproxy } from '../../haproxy/process.ts';
import { RenewedTls } from '../../platform/renewed-tls.ts';
import type { TlsFiles } from '../../platform/tls-files.ts';
import { freePort } from '../haproxy/setup.ts';
import { Authority, tlsTest } from '../support/certificates.ts';
import { Haweight, haweight } from '../support/process.ts';
import { snapshot } from '../support/snapshot.ts';
import { someNetwork } from '../support/stack.ts';
import { until } from '../support/until.ts';

const silent = { info: () => undefined, warn: () => undefined };

/** A real agent at an address of its own, and the URL that it logs. */
async function startAgent(host: string, port: number, ...args: readonly string[]) {
  const agent = new Haweight(['agent', '--listen', `${host}:${port}`, '--scope', 'host', ...args]);
  const url = await until(
    () => `the agent's URL in: ${agent.stderr}`,
    () => /"url":"(http[^"]+)"/.exec(agent.stderr)?.[1] ?? null,
  );
  return { agent, url, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

const serve = ({ cert, key }: { cert: string; key: string }, ca?: string) => [
  ...['--tls-cert', cert, '--tls-key', key],
  ...(ca === undefined ? [] : ['--tls-client-ca', ca]),
];

/** Asks as a controller with these files would; gives `fine` or the problem's line, after its code. */
async function ask(url: string, files: TlsFiles | null, server = 'web1', verify: 'address' | 'server' = 'address') {
  const tls: AgentClientOptions['tls'] = files === null ? null : { files: new RenewedTls(files, silent), verify };
  using client = new AgentClient({ timeoutMs: 20_000, token: null, tls });
  const answer = await client.fetch(url, server);
  return answer.ok ? 'fine' : `${answer.error.code} ${formatProblem(answer.error)}`;
}

tlsTest('an agent serves its snapshot over TLS to who trusts its CA, and to nobody over plain HTTP', async (t) => {
  using authority = new Authority();
  using other = new Authority('somebody else');
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
  const { url } = running;
  t.regex(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.is(await ask(url, { ca: authority.ca }), 'fine');
  t.regex(await ask(url, null), /^agent-certificate .*is not trusted; got \w+\. Name the CA/);
  t.regex(await ask(url, { ca: other.ca }), /^agent-certificate .*is not trusted/);
  t.regex(await ask(url.replace('https', 'http'), null), /^agent-unreachable .*Does it speak TLS\? .*https:/);
});

tlsTest('an https URL of a plain agent is unreachable, and the line names TLS', async (t) => {
  await using running = await startAgent('127.0.0.1', 0);
  t.regex(await ask(running.url.replace('http', 'https'), null), /^agent-unreachable .*speaks no TLS.*http:\/\//);
});

tlsTest(
  'a certificate must be for the address that is asked, or for the server where that is configured',
  async (t) => {
    using authority = new Authority();
    await using named = await startAgent('127.0.0.1', 0, ...serve(authority.issue('n', 'DNS:web_1,DNS:10.0.0.9')));
    await using addressed = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
    const files = { ca: authority.ca };
    t.regex(await ask(named.url, files, 'web_1'), /^agent-certificate .*for another name; got .*127\.0\.0\.1/);
    t.is(await ask(named.url, files, 'web_1', 'server'), 'fine');
    t.is(await ask(named.url, files, 'WEB_1', 'server'), 'fine', 'names of DNS have no case');
    t.regex(await ask(named.url, files, 'web2', 'server'), /^agent-certificate .*for another name; got .*web2/);
    t.is(await ask(addressed.url, files, 'web_1'), 'fine');
    t.regex(await ask(addressed.url, files, 'web_1', 'server'), /^agent-certificate .*for another name/);
  },
);

tlsTest('a connection that was good for one server is not used for another', async (t) => {
  using authority = new Authority();
  // names that look like addresses have no SNI to tell connections apart
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:10.0.0.1,DNS:web1')));
  const tls = { files: new RenewedTls({ ca: authority.ca }, silent), verify: 'server' } as const;
  using client = new AgentClient({ timeoutMs: 20_000, token: null, tls });
  for (let round = 0; round < 3; round += 1) {
    for (const [server, expected] of [
      ['10.0.0.1', 'fine'],
      ['10.0.0.2', 'agent-certificate'],
      ['web1', 'fine'],
      ['web2', 'agent-certificate'],
    ] as const) {
      const answer = await client.fetch(running.url, server);
      t.is(answer.ok ? 'fine' : answer.error.code, expected, server);
    }
  }
});

for (const verify of ['address', 'server'] as const) {
  tlsTest(`who verifies by ${verify} asks again and again over one connection`, async (t) => {
    using authority = new Authority();
    const { cert, key } = authority.issue('web1', 'DNS:web1,IP:127.0.0.1');
    const body = JSON.stringify(snapshot({ server: 'web1' }));
    const files = { cert: readFileSync(cert), key: readFileSync(key) };
    const server = createTlsServer(files, (_, response) => response.end(body)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    let connections = 0;
    server.on('secureConnection', () => {
      connections += 1;
    });
    const tls = { files: new RenewedTls({ ca: authority.ca }, silent), verify };
    using client = new AgentClient({ timeoutMs: 20_000, token: null, tls });
    for (let round = 0; round < 5; round += 1) {
      t.true((await client.fetch(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, 'web1')).ok);
    }
    server.close();
    server.closeAllConnections();
    t.is(connections, 1);
  });
}

tlsTest('an expired certificate is logged by its agent, and refused by who asks', async (t) => {
  using authority = new Authority();
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1', -1)));
  t.is(running.agent.events('certificate problem')[0]?.code, 'tls-expiry');
  t.regex(
    await ask(running.url, { ca: authority.ca }),
    /^agent-certificate .*not valid at this time; got CERT_HAS_EXPIRED/,
  );
});

tlsTest('with a CA for clients only its certificates are answered, and no token is needed off loopback', async (t) => {
  using authority = new Authority();
  using other = new Authority('somebody else');
  const own = authority.issue('a', 'IP:127.0.0.1');
  await using running = await startAgent('0.0.0.0', 0, ...serve(own, authority.ca));
  const url = running.url.replace('0.0.0.0', '127.0.0.1');
  const { ca } = authority;
  t.is(await ask(url, { ca, ...authority.issue('controller', 'DNS:controller') }), 'fine');
  t.regex(await ask(url, { ca }), /^agent-(certificate|unreachable) .*certificate/);
  t.regex(
    await ask(url, { ca, ...other.issue('controller', 'DNS:controller') }),
    /^agent-(certificate|unreachable) .*certificate/,
  );
  const refused = await haweight(['agent', '--listen', '0.0.0.0:0', ...serve(own)], {
    HAWEIGHT_AGENT_TOKEN: undefined,
  });
  t.is(refused.code, 2);
  t.regex(refused.stderr, /other machines can reach this address/);
});

tlsTest('TLS 1.1 is not spoken', async (t) => {
  using authority = new Authority();
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
  const tls = process.getBuiltinModule('node:tls');
  const { port } = new URL(running.url);
  const version = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
    const options = { host: '127.0.0.1', port: Number(port), ca: readFileSync(authority.ca), maxVersion };
    const socket = tls.connect({ ...options, minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    try {
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    } catch {
      return null;
    } finally {
      socket.destroy();
    }
  };
  t.is(await version('TLSv1.1'), null);
  t.is(await version('TLSv1.2'), 'TLSv1.2');
  t.is(await version('TLSv1.3'), 'TLSv1.3');
});

tlsTest('renewed certificates are taken up on both sides without a restart; a broken one is not', async (t) => {
  using old = new Authority('old');
  using renewed = new Authority('new');
  const files = { ca: old.path('trusted.pem'), ...old.issue('client', 'DNS:c') };
  const both = readFileSync(old.ca, 'utf8') + readFileSync(renewed.ca, 'utf8');
  writeFileSync(files.ca, readFileSync(old.ca));
  const served = old.issue('served', 'IP:127.0.0.1');
  await using running = await startAgent('127.0.0.1', 0, ...serve(served));
  using client = new AgentClient({
    timeoutMs: 20_000,
    token: null,
    tls: { files: new RenewedTls(files, silent, 100), verify: 'address' },
  });
  const fetch = async () => (await client.fetch(running.url, 'web1')).ok;
  t.true(await fetch());

  writeFileSync(served.cert, 'broken');
  await until('it is logged', () => running.agent.events('certificate problem').length > 0);
  t.is(await ask(running.url, { ca: old.ca }), 'fine', 'the old one goes on');

  const next = renewed.issue('next', 'IP:127.0.0.1');
  copyFileSync(next.key, served.key);
  copyFileSync(next.cert, served.cert);
  await until('the new one is served', async () => (await ask(running.url, { ca: renewed.ca })) === 'fine');
  t.is(running.agent.events('certificate problem: over').length, 1);
  // the connection that was open goes on; what is trusted now is what a new one is judged by
  await using another = await startAgent('127.0.0.1', 0, ...serve(next));
  const fetchNew = async () => (await client.fetch(another.url, 'web1')).ok;
  t.false(await fetchNew());
  writeFileSync(files.ca, both);
  await until('the controller trusts the new one', fetchNew);
  writeFileSync(files.ca, readFileSync(old.ca));
  await until('and no longer, when its files say so', async () => !(await fetchNew()));
});

for (const [title, args, expected] of [
  ['a certificate without a key', ['--tls-cert', '/x'], /^haweight: --tls-key: TLS takes a certificate and its key\./],
  ['a CA for clients alone', ['--tls-client-ca', '/x'], /^haweight: --tls-cert: TLS takes a certificate/],
  ['files that are not there', ['--tls-cert', '/x', '--tls-key', '/y'], /^haweight: \/x: cannot be read; .*ENOENT/],
] as const) {
  tlsTest(`an agent with ${title} does not start: one line, exit code 2`, async (t) => {
    const { code, stderr } = await haweight(['agent', '--listen', '127.0.0.1:0', ...args]);
    t.is(code, 2, stderr);
    t.regex(stderr, expected);
    t.regex(stderr, /^[^\n]+\n$/);
  });
}

/** The commands of docs/operations.md, for an address of ours. */
function documentedCommands(t: ExecutionContext, address: string): readonly string[] {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('\n## TLS\n');
  const commands = [...(section.split('\n## ')[0] ?? '').matchAll(/```sh\n([\s\S]+?)```/g)].map(
    ([, block = '']) => block,
  );
  t.is(commands.length, 3);
  return commands.map((block) => block.replaceAll('10.0.0.11', address));
}

tlsTest('the commands of docs/operations.md make what controller, agents and CLI need', async (t) => {
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
  t.regex(stranger.stderr, /its certificate is not trusted; got \w+\. Name the CA that made it: --ca-file FILE\.\n$/);
  const anonymous = await haweight(['weights', ...there, '--ca-file', authority.ca]);
  t.is(anonymous.code, 2);
  t.regex(anonymous.stderr, /--cert-file FILE/);
  const plain = await haweight(['weights', '--controller', `http://127.0.0.1:${statusPort}`]);
  t.is(plain.code, 2);
  t.regex(plain.stderr, /Does it speak TLS\? Then its URL begins with https:\/\//);
});

tlsTest('a plain status API asked by https says that it speaks no TLS', async (t) => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await haweight(['weights', '--controller', url]);
  server.close();
  t.is(code, 2);
  t.regex(stderr, /no controller answers; .*It speaks no TLS, it seems: is its URL http:\/\/\?\n$/);
});

tlsTest('doctor warns of dates and of keys that all may read, and fails what cannot be used', async (t) => {
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
