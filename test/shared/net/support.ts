import { once } from 'node:events';
import { connect } from 'node:net';
import { plain } from '../../../shared/net/answer.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../shared/net/http-server.ts';

/** The server of agents and controllers on a free port of loopback, without a token unless told otherwise. */
export function serve(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  return startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    token: null,
    tls: null,
    insecure: false,
    allowHosts: [],
    tokenHint: '',
    routes: { '/': () => plain('hello'), '/healthz': () => plain('ok') },
    onError: (error) => {
      throw error;
    },
    ...options,
  });
}

/** What comes back for these bytes until the server closes; `end`: closes this direction after them. */
export async function say(port: number, bytes: string, { from = '127.0.0.1', end = false } = {}): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  let answer = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    answer += more;
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  if (end) socket.end();
  await once(socket, 'close');
  return answer;
}
