import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A port that is to be free on every one of these addresses. */
export interface WantedPort {
  /** Any, unless given. */
  readonly port?: number;
  /** 127.0.0.1 unless given. */
  readonly hosts?: readonly string[];
}

/** Tries to find a port that the system offers on one address and that is free on the others too. */
const tries = 20;
const loopback = '127.0.0.1';

/** Free ports, in their order: each wanted one where it is free on all of its addresses, otherwise another. */
export async function freePorts<const Wanted extends readonly WantedPort[]>(
  wanted: Wanted,
): Promise<{ readonly [Index in keyof Wanted]: number }> {
  // held to the end, so that none is given out twice
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (const { port = 0, hosts = [loopback] } of wanted) ports.push(await findPort(port, hosts, held));
    return ports as { [Index in keyof Wanted]: number };
  } finally {
    await Promise.all(held.map((server) => once(server.close(), 'close')));
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts([{}]);
  return port;
}

/** `127.x.y`, for addresses `127.x.y.z` of servers. At random, so that no two runs on one machine meet. */
export function someNetwork(): string {
  return `127.${randomInt(16, 255)}.${randomInt(256)}`;
}

/** `127.x.y.1` and on: an address for each of `count` servers, as each VM has one. */
export function addressesIn(network: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${network}.${index + 1}`);
}

async function findPort(wanted: number, hosts: readonly string[], held: Server[]): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const first = await hold(hosts[0] ?? loopback, attempt === 0 ? wanted : 0, held);
    if (first === null) continue;
    const { port } = first.address() as AddressInfo;
    const others = await Promise.all(hosts.slice(1).map((host) => hold(host, port, held)));
    if (others.every((server) => server !== null)) return port;
  }
  throw new Error(`no port is free on all of ${hosts.join(', ')}`);
}

/** Listens, so that nothing else gets the port meanwhile; null where the port is taken. */
async function hold(host: string, port: number, held: Server[]): Promise<Server | null> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    held.push(server);
    return server;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw cause;
  }
}
