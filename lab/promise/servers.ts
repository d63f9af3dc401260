import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { type Configuration, renderConfiguration, type Server } from '../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { addressesIn, freePorts, someNetwork } from '../../testbed/rig/ports.ts';

/** One backend for each algorithm that accepts weights at run time; all have the same servers. */
export const backends = [
  { name: 'roundrobin', balance: 'roundrobin' },
  { name: 'leastconn', balance: 'leastconn' },
  { name: 'random', balance: 'random(2)' },
] as const;

/** The `maxconn` of each server in haproxy.cfg. */
export const configuredLimit = 10_000;

const apiTimeoutMs = 10_000;

export interface Servers extends AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  /** The controller's client of HAProxy, with a longer time limit for a busy machine. */
  readonly api: RuntimeApi;
  /** Of the frontend of each backend, in their order. */
  readonly ports: readonly number[];
  readonly names: readonly string[];
  /** `127.x.y`, under which server N has the address `127.x.y.N`. */
  readonly network: string;
}

/**
 * The HAProxy under test runs as in production: master and worker, and several threads, so that weights change while
 * other threads balance. Its servers need as little CPU as possible: frontends of another HAProxy, one address each.
 */
export async function startServers(count: number): Promise<Servers> {
  const names = Array.from({ length: count }, (_, index) => `s${index + 1}`);
  const network = someNetwork();
  const addresses = addressesIn(network, count);
  const [originPort, ...ports] = await freePorts([{ hosts: addresses }, ...backends.map(() => ({}))]);
  await using started = new AsyncDisposableStack();
  const origin = names.map((name, index) => ({ name, address: `${addresses[index]}:${originPort}` }));
  started.use(await startHaproxy({ configuration: renderConfiguration(originConfiguration(origin)) }));
  const configuration = renderConfiguration(frontConfiguration(origin, ports));
  const haproxy = started.use(await startHaproxy({ configuration, masterWorker: true }));
  const all = started.move();
  const api = new RuntimeApi({ socket: haproxy.socket, timeoutMs: apiTimeoutMs });
  return { haproxy, api, ports, names, network, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The servers never close a connection by themselves, so they cause no failures. */
const patience = ['timeout connect 5s', 'timeout client 10m', 'timeout server 10m', 'timeout http-keep-alive 10m'];

function originConfiguration(servers: readonly Server[]): Configuration {
  return {
    global: ['nbthread 1', 'maxconn 4000'],
    defaults: patience,
    frontends: servers.map(({ name, address }) => {
      const answer = `http-request return status 200 content-type text/plain string ${name} hdr x-server ${name}`;
      return { name, bind: address, lines: [answer] };
    }),
  };
}

/** Limits that scale with the load: the controller writes them, and as they are configured there are none. */
const scaling = { line: `fullconn ${configuredLimit}`, options: `minconn 2 maxconn ${configuredLimit}` };

function frontConfiguration(servers: readonly Server[], ports: readonly number[]): Configuration {
  return {
    global: ['nbthread 2', 'maxconn 4000'],
    // a retry of HAProxy would hide a failure
    defaults: [...patience, 'retries 0'],
    frontends: backends.map(({ name }, index) => {
      return { name: `to-${name}`, bind: `127.0.0.1:${ports[index]}`, backend: name };
    }),
    backends: backends.map(({ name, balance }) => {
      const limited = servers.map((server) => ({ ...server, options: scaling.options }));
      return { name, algorithm: balance, lines: [scaling.line], servers: limited };
    }),
  };
}
