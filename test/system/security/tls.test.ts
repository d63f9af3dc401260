import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AgentClient, type AgentClientOptions } from '../../../controller/observe/agent-client.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import type { TlsFiles } from '../../../shared/tls/tls-files.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, tlsTest } from '../../support/certificates.ts';
import { haweight } from '../../support/process.ts';
import { snapshot } from '../../support/snapshot.ts';
import { serve, startAgent, startAgentIn } from './support/tls-agent.ts';

/** Asks as a controller with these files would. Returns `fine`, or the problem's code and line. */
async function ask(url: string, files: TlsFiles | null, server = 'web1', verify: 'address' | 'server' = 'address') {
  const tls: AgentClientOptions['tls'] = files === null ? null : { files: new RenewedTls(files, silentLog), verify };
  using client = new AgentClient({ timeoutMs: 20_000, token: null, tls });
  const answer = await client.fetch(url, server);
  return answer.ok ? 'fine' : `${answer.error.code} ${formatProblem(answer.error)}`;
}

tlsTest('an agent serves its snapshot over TLS to clients that trust its CA, and not over plain HTTP', async (t) => {
  using authority = new Authority();
  using other = new Authority('another CA');
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
  const { url } = running;
  t.regex(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.is(await ask(url, { ca: authority.ca }), 'fine');
  t.regex(await ask(url, null), /^agent-certificate .*is not trusted; got \w+\. Name the CA/);
  t.regex(await ask(url, { ca: other.ca }), /^agent-certificate .*is not trusted/);
  t.regex(await ask(url.replace('https', 'http'), null), /^agent-unreachable .*Does it speak TLS\? .*https:/);
});

tlsTest('an https URL of a plain agent is unreachable, and the message names TLS', async (t) => {
  await using running = await startAgent('127.0.0.1', 0);
  t.regex(
    await ask(running.url.replace('http', 'https'), null),
    /^agent-unreachable .*not seem to speak TLS.*http:\/\//,
  );
});

tlsTest("a certificate must be for the requested address, or for the server's name if configured", async (t) => {
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
});

tlsTest('an agent may be asked by name over TLS, and its certificate must be for that name', async (t) => {
  using authority = new Authority();
  await using named = await startAgent('127.0.0.1', 0, ...serve(authority.issue('n', 'DNS:localhost')));
  await using addressed = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
  const byName = (url: string) => ask(url.replace('127.0.0.1', 'localhost'), { ca: authority.ca });
  t.is(await byName(named.url), 'fine');
  t.regex(await byName(addressed.url), /^agent-certificate .*for another name; got .*localhost/);
});

tlsTest('a connection verified for one server is not used for another', async (t) => {
  using authority = new Authority();
  // names that look like addresses have no SNI to tell connections apart
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:10.0.0.1,DNS:web1')));
  const tls = { files: new RenewedTls({ ca: authority.ca }, silentLog), verify: 'server' } as const;
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
  tlsTest(`a client that verifies by ${verify} reuses one connection`, async (t) => {
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
    const tls = { files: new RenewedTls({ ca: authority.ca }, silentLog), verify };
    using client = new AgentClient({ timeoutMs: 20_000, token: null, tls });
    for (let round = 0; round < 5; round += 1) {
      t.true((await client.fetch(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, 'web1')).ok);
    }
    server.close();
    server.closeAllConnections();
    t.is(connections, 1);
  });
}

tlsTest('an expired certificate is logged by its agent, and refused by the client', async (t) => {
  using authority = new Authority();
  await using running = await startAgent('127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1', -1)));
  t.is(running.agent.events('certificate problem')[0]?.code, 'tls-expiry');
  t.regex(
    await ask(running.url, { ca: authority.ca }),
    /^agent-certificate .*not valid at this time; got CERT_HAS_EXPIRED/,
  );
});

tlsTest('with a client CA only its certificates are answered, and no token is needed off loopback', async (t) => {
  using authority = new Authority();
  using other = new Authority('another CA');
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

/** Node.js that would speak TLS 1.1 if asked to: OpenSSL's own default refuses it first. */
const lenient = { NODE_OPTIONS: '--tls-cipher-list=DEFAULT@SECLEVEL=0' };

tlsTest('an agent refuses TLS 1.1', async (t) => {
  using authority = new Authority();
  await using running = await startAgentIn(lenient, '127.0.0.1', 0, ...serve(authority.issue('a', 'IP:127.0.0.1')));
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

tlsTest('a client refuses a server that speaks only TLS 1.1', async (t) => {
  using authority = new Authority();
  const { cert, key } = authority.issue('a', 'IP:127.0.0.1');
  const identity = { cert: readFileSync(cert), key: readFileSync(key) };
  const spoken = async (version: 'TLSv1.1' | 'TLSv1.2') => {
    const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const server = createTlsServer({ ...identity, ...versions }, (_, response) => response.end());
    const seen: (string | null)[] = [];
    server.on('secureConnection', (socket) => seen.push(socket.getProtocol()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await haweight(['weights', '--controller', url, '--ca-file', authority.ca], lenient);
    server.closeAllConnections();
    await once(server.close(), 'close');
    return seen;
  };
  t.deepEqual(await spoken('TLSv1.1'), []);
  t.deepEqual(await spoken('TLSv1.2'), ['TLSv1.2']);
});

tlsTest('renewed certificates are used on both sides without a restart, and a broken one is not', async (t) => {
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
    tls: { files: new RenewedTls(files, silentLog, 100), verify: 'address' },
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
