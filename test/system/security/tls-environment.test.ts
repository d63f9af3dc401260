import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, tlsTest } from '../../support/certificates.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { snapshot } from '../../support/snapshot.ts';
import { serve, startAgentIn } from './support/tls-agent.ts';

/** What an operator may have set for another program, and what would make Node.js take any certificate. */
const weakening: NodeJS.ProcessEnv = {
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=ALL:@SECLEVEL=0 --use-openssl-ca',
};
/** The same, and the CA of the impostor for all programs. */
const trusting = (ca: string): NodeJS.ProcessEnv => ({ ...weakening, NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca });

/** A server with this certificate that gives everybody a snapshot; the requests that reached it. */
async function impostor({ cert, key }: { cert: string; key: string }) {
  const tokens: (string | undefined)[] = [];
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createTlsServer(files, ({ headers }, response) => {
    tokens.push(headers.authorization);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...snapshot(), takenAtMs: Date.now(), ageMs: 1 }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens, [Symbol.asyncDispose]: close };
}

for (const verify of ['address', 'server'] as const) {
  tlsTest(
    `where the environment switches verification off, no impostor gets the agents' token (${verify})`,
    async (t) => {
      using authority = new Authority();
      using other = new Authority('an impostor');
      await using server = await impostor(other.issue('s1', 'IP:127.0.0.1,DNS:s1'));
      const configuration = renderConfiguration({
        backends: [{ name: 'web', servers: [{ name: 's1', address: '127.0.0.1:9' }] }],
      });
      await using haproxy = await startHaproxy({ configuration });
      const environment = { ...trusting(other.ca), HAWEIGHT_AGENT_TOKEN: 'a-token-of-some-length' };
      const file = authority.path('c.json');
      const agents = { url: server.url.replace('127.0.0.1', '{address}'), tls: { ca: authority.ca, verify } };
      writeFileSync(file, JSON.stringify({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }], agents }));
      await using controller = new Haweight(['controller', '--config', file, '--listen', '127.0.0.1:0'], environment);
      const told = await until(
        () => `a problem in: ${controller.stderr}`,
        () => controller.events('agent problem')[0] ?? null,
      );
      t.is(told.code, 'agent-certificate', told.detail);
      const doctor = await haweight(['doctor', '--config', file], environment);
      t.is(doctor.code, 1, doctor.stdout);
      t.regex(doctor.stdout, /agent-certificate|is not trusted/);
      t.deepEqual(server.tokens, []);
      t.is((await controller.stop()).code, 0);
    },
  );
}

tlsTest('where the environment switches verification off, the status is taken from no impostor', async (t) => {
  using authority = new Authority();
  using other = new Authority('an impostor');
  await using server = await impostor(other.issue('c', 'IP:127.0.0.1'));
  const environment = { ...trusting(other.ca), HAWEIGHT_CONTROLLER_TOKEN: 'a-token-of-some-length' };
  const asked = await haweight(['weights', '--controller', server.url, '--ca-file', authority.ca], environment);
  t.is(asked.code, 2, asked.stdout);
  t.regex(asked.stderr, /certificate is not trusted/);
  t.deepEqual(server.tokens, []);
});

tlsTest('where the environment switches verification off, an agent still wants a certificate of its CA', async (t) => {
  using authority = new Authority();
  using other = new Authority('a stranger');
  const own = authority.issue('a', 'IP:127.0.0.1');
  await using running = await startAgentIn(weakening, '127.0.0.1', 0, ...serve(own, authority.ca));
  const { hostname, port } = new URL(running.url);
  const { cert, key } = other.issue('b', 'DNS:b');
  const stranger = { cert: readFileSync(cert), key: readFileSync(key) };
  const socket = connect({ host: hostname, port: Number(port), ca: readFileSync(authority.ca), ...stranger });
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  socket.write('GET /v1/snapshot HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(socket, 'close');
  t.is(answer, '');
});

for (const [variable, value] of [
  ['NODE_DEBUG', 'net'],
  ['NODE_OPTIONS', '--tls-keylog=/dev/null'],
] as const) {
  tlsTest(`with ${variable}=${value} no command that has a token starts`, async (t) => {
    for (const command of ['controller', 'doctor', 'weights']) {
      const { code, stderr } = await haweight([command], { [variable]: value });
      t.is(code, 2, command);
      t.regex(
        stderr,
        /^haweight: [^\n]+(tokens, to the log|keys of TLS[^\n]+)\. Start haweight without it[^\n]+$/m,
        command,
      );
    }
  });
}
