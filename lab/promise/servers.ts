import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { freePorts, someNetwork } from '../../testbed/rig/ports.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/process.ts';

/** Backends of the same servers, one for each algorithm that takes weights at run time. */
export const backends = [
  { name: 'roundrobin', balance: 'roundrobin' },
  { name: 'leastconn', balance: 'leastconn' },
  { name: 'random', balance: 'random(2)' },
] as const;

const apiTimeoutMs = 10_000;

export interface Servers extends AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  /** Its API, by the code of the controller, with patience for a busy machine. */
  readonly api: RuntimeApi;
  /** Of the frontend of each backend, in their order. */
  readonly ports: readonly number[];
  readonly names: readonly string[];
  /** `127.x.y`, under which server N has the address `127.x.y.N`. */
  readonly network: string;
}

/**
 * The HAProxy under test, as it runs in production (master and worker, several threads, so that weights change while
 * others balance), before servers that are as cheap as can be: the frontends of another HAProxy, an address each.
 */
export async function startServers(count: number): Promise<Servers> {
  const names = Array.from({ length: count }, (_, index) => `s${index + 1}`);
  const network = someNetwork();
  const addresses = names.map((_, index) => `${network}.${index + 1}`);
  const [originPort, ...ports] = await freePorts([{ hosts: addresses }, ...backends.map(() => ({}))]);
  await using started = new AsyncDisposableStack();
  const origin = addresses.map((address, index) => ({ name: names[index] ?? '', at: `${address}:${originPort}` }));
  started.use(await startHaproxy({ configuration: originConfiguration(origin) }));
  const configuration = frontConfiguration(origin, ports);
  const haproxy = started.use(await startHaproxy({ configuration, masterWorker: true }));
  const all = started.move();
  const api = new RuntimeApi({ socket: haproxy.socket, timeoutMs: apiTimeoutMs });
  return { haproxy, api, ports, names, network, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

interface Origin {
  readonly name: string;
  readonly at: string;
}

/** It never closes a connection by itself: what fails is then no server's doing. */
const patience = [
  '  timeout connect 5s',
  '  timeout client 10m',
  '  timeout server 10m',
  '  timeout http-keep-alive 10m',
];

function originConfiguration(servers: readonly Origin[]): string {
  return [
    'global',
    '  nbthread 1',
    '  maxconn 4000',
    'defaults',
    '  mode http',
    ...patience,
    ...servers.flatMap(({ name, at }) => [
      `frontend ${name}`,
      `  bind ${at}`,
      `  http-request return status 200 content-type text/plain string ${name} hdr x-server ${name}`,
    ]),
    '',
  ].join('\n');
}

function frontConfiguration(servers: readonly Origin[], ports: readonly number[]): string {
  return [
    'global',
    '  nbthread 2',
    '  maxconn 4000',
    'defaults',
    '  mode http',
    ...patience,
    // a failure that HAProxy fixes itself would be hidden
    '  retries 0',
    ...backends.flatMap(({ name, balance }, index) => [
      `frontend to-${name}`,
      `  bind 127.0.0.1:${ports[index]}`,
      `  default_backend ${name}`,
      `backend ${name}`,
      `  balance ${balance}`,
      ...servers.map((server) => `  server ${server.name} ${server.at} weight 100`),
    ]),
    '',
  ].join('\n');
}
