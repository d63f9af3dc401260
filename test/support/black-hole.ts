import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface BlackHole extends AsyncDisposable {
  readonly port: number;
  /** The connections that were made, answered or not. */
  readonly sockets: ReadonlySet<Socket>;
}

/** A port whose connections are taken and never answered. */
export async function blackHole(host = '127.0.0.1'): Promise<BlackHole> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined).resume()));
  server.listen(0, host);
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    for (const socket of sockets) socket.destroy();
    server.close();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, sockets, [Symbol.asyncDispose]: close };
}
