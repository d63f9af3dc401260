import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** `HOST:PORT`. */
  readonly address: string;
  readonly url: string;
}

/** A server for one test, on a free port of loopback unless told otherwise. Its end closes open connections too. */
export async function httpServer(listener: RequestListener, host = '127.0.0.1', wanted = 0): Promise<HttpServer> {
  const server = createServer(listener).listen(wanted, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { port, address: `${host}:${port}`, url: `http://${host}:${port}`, [Symbol.asyncDispose]: close };
}
