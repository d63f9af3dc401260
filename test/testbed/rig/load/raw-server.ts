import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Target } from '../../../../testbed/rig/load/connection.ts';

export const good = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-server: s1\r\n\r\n';
export const bad = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n';

export interface RawServer extends AsyncDisposable {
  readonly target: Target;
  /** How many were opened. */
  readonly connections: number;
  /** Paths that were asked for, in order. */
  readonly paths: readonly string[];
}

/** A server that does with request N (from 0, over all connections, and on this one) what `answer` says. */
export async function serve(
  answer: (socket: Socket, request: number, onConnection: number) => void,
): Promise<RawServer> {
  let connections = 0;
  const paths: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    let onConnection = 0;
    sockets.add(socket);
    socket
      .on('error', () => {})
      .on('data', (data) => {
        answer(socket, paths.push(data.toString().split(' ')[1] ?? '') - 1, onConnection++);
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    paths,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

/** Closes a connection when a second request comes over it, as a server whose time-out was a moment ago. */
export function closesReused(socket: Socket, _: number, onConnection: number): void {
  if (onConnection === 0) socket.write(good);
  else socket.destroy();
}
