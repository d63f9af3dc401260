import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../../testbed/rig/child.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { addressesIn, freePorts, someNetwork } from '../../testbed/rig/ports.ts';
import { programs } from '../../testbed/rig/programs.ts';
import { until } from '../../testbed/rig/wait.ts';

/** What is flooded: the controller's status API, an agent, or one that runs its application (`agent -- COMMAND`) with a token. */
export const targetNames = ['controller', 'agent', 'agent -- COMMAND'] as const;
export type TargetName = (typeof targetNames)[number];

export interface SystemOptions {
  readonly target: TargetName;
  readonly periodMs: number;
  /** The target serves HTTPS. */
  readonly tls: boolean;
  /** A second backend makes the status large. */
  readonly largeStatus: boolean;
}

/** What is flooded, and how another client asks it. */
export interface Target {
  readonly process: Child;
  readonly host: string;
  readonly port: number;
  /** A path that others may ask for, with these headers. */
  readonly path: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface FloodedSystem extends AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly controller: Child;
  readonly target: Target;
  readonly network: string;
}

export const configuredWeight = 100;
/** How the application of `agent -- COMMAND` ends when it gets the agent's SIGTERM. */
export const handedOver = 23;
const application = ['sh', '-c', `trap 'kill $!; exit ${handedOver}' TERM; sleep 1000 & wait`];
/** So many that a status does not fit into one packet or piece, and so few that their ticks do not delay a rescue. */
const manyServers = 200;
/** More than a flood may write, so that all lines are counted. */
const keptCharacters = 8 * 1024 * 1024;
const token = 'of-the-flooded-agent-0123456789';

/**
 * HAProxy, a controller and three servers, of which s3 is overloaded and drained. The agent of s1 is a real one, as is the
 * controller; those of the others are stand-ins, so that only what is flooded depends on the flood.
 */
export async function startSystem({ target, periodMs, tls, largeStatus }: SystemOptions): Promise<FloodedSystem> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'haweight-floods-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => join(folder, name);
  const network = someNetwork();
  const [s1 = '', s2 = '', s3 = ''] = addressesIn(network, 3);
  const [agentPort, standInPort, statusPort] = await freePorts([{ hosts: [s1] }, { hosts: ['0.0.0.0'] }, {}]);
  const certificate = { cert: file('cert.pem'), key: file('key.pem') };
  if (tls) makeCertificate(certificate, [s1, '127.0.0.1']);
  writeFileSync(file('token'), token, { mode: 0o600 });

  const line = (name: string, address: string) => ({ name, address: `${address}:9`, weight: configuredWeight });
  const web = { name: 'web', servers: [line('s1', s1), line('s2', s2), line('s3', s3)] };
  const many = Array.from({ length: manyServers }, (_, index) =>
    line(`m${index}`, `127.9.${index >> 8}.${index & 255}`),
  );
  const backends = [web, ...(largeStatus ? [{ name: 'many', servers: many }] : [])];
  const haproxy = cleanup.use(await startHaproxy({ configuration: renderConfiguration({ backends }) }));
  const standIns = new URL('agents.ts', import.meta.url).pathname;
  cleanup.use(new Child('the other agents', [process.execPath, standIns, String(standInPort), s3]));

  const tlsFlags = (isFlooded: boolean) =>
    tls && isFlooded ? ['--tls-cert', certificate.cert, '--tls-key', certificate.key] : [];
  const scheme = (isFlooded: boolean) => (tls && isFlooded ? 'https' : 'http');
  const isAgent = target !== 'controller';
  const command = target === 'agent -- COMMAND' ? ['--token-file', file('token'), '--', ...application] : [];
  const scope = command.length > 0 ? [] : ['--scope', 'process', '--pid', String(haproxy.pid)];
  const agentAt = `${s1}:${agentPort}`;
  const agent = cleanup.use(
    start('the agent', ['agent', '--listen', agentAt, '--cores', '1', ...scope, ...tlsFlags(isAgent), ...command]),
  );
  const agentUrl = `${scheme(isAgent)}://${agentAt}`;
  await listening(agent);
  const controller = cleanup.use(
    start('the controller', [
      ...['controller', '--socket', haproxy.socket, '--listen', `127.0.0.1:${statusPort}`],
      // so that the weights stand still
      ...['--period-ms', String(periodMs), '--policy', 'equal'],
      ...backends.flatMap(({ name }) => ['--backend', name]),
      ...['--agent', `web/s1=${agentUrl}`, '--agent-url', `http://{address}:${standInPort}`],
      ...(command.length > 0 ? ['--agent-token-file', file('token')] : []),
      // without one a TLS server knows no client, and none comes first
      ...(tls && !isAgent ? ['--token-file', file('token')] : []),
      ...(tls && isAgent ? ['--agent-ca-file', certificate.cert] : []),
      ...tlsFlags(!isAgent),
    ]),
  );
  await listening(controller);
  const statusUrl = `${scheme(!isAgent)}://127.0.0.1:${statusPort}`;
  const wantsToken = command.length > 0 || (tls && !isAgent);
  const flooded = isAgent
    ? { process: agent, host: s1, port: agentPort, path: '/v1/snapshot', url: agentUrl }
    : { process: controller, host: '127.0.0.1', port: statusPort, path: '/v1/status', url: statusUrl };
  const rest = cleanup.move();
  return {
    haproxy,
    controller,
    network,
    target: { ...flooded, headers: wantsToken ? { authorization: `Bearer ${token}` } : {} },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

function start(name: string, args: readonly string[]): Child {
  return new Child(name, [process.execPath, programs.haweight, ...args], { keptCharacters });
}

async function listening(child: Child): Promise<void> {
  await until(
    () => `${child.name} listens: ${child.stderr}`,
    () => {
      child.assertRunning();
      return /"url":"http/.test(child.stderr);
    },
  );
}

/** Signed by itself, so that it is its own CA. */
function makeCertificate({ cert, key }: { cert: string; key: string }, addresses: readonly string[]): void {
  const names = addresses.map((address) => `IP:${address}`).join(',');
  const subject = ['-subj', '/CN=flooded', '-addext', `subjectAltName=${names}`];
  const files = ['-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
    stdio: 'pipe',
  });
}
