import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Free ports on loopback: each wanted one where it is free, otherwise one that the system chooses. All differ. */
export async function freePorts(wanted: readonly number[]): Promise<readonly number[]> {
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (const port of wanted) {
      const server = (await hold(port)) ?? (await hold(0));
      if (server === null) throw new Error('no free port on 127.0.0.1');
      held.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => once(server.close(), 'close')));
  }
}

/** Listens, so that nothing else gets the port meanwhile; null where somebody else has it. */
async function hold(port: number): Promise<Server | null> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw cause;
  }
}
