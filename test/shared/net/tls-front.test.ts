import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { silentLog } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Authority, type Identity, tlsTest } from '../../support/certificates.ts';
import { serve } from './support.ts';

tlsTest(
  'when the client CA is replaced, connections are closed unless the new one signed their certificate',
  async (t) => {
    using servers = new Authority('servers');
    using first = new Authority('first');
    using second = new Authority('second');
    const ca = servers.path('clients.pem');
    copyFileSync(first.ca, ca);
    using tls = new RenewedTls({ ...servers.issue('server', 'IP:127.0.0.1'), ca }, silentLog);
    await using server = await serve({ tls });
    const { port } = server.address;
    const trusted = readFileSync(servers.ca);
    /** A connection that was answered, and is kept. */
    const kept = async ({ cert, key }: Identity): Promise<TLSSocket> => {
      const pair = { cert: readFileSync(cert), key: readFileSync(key) };
      const socket = connect({ port, host: '127.0.0.1', ca: trusted, ...pair }).on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await once(socket, 'data');
      return socket.resume();
    };
    const [of1, of2] = [first.issue('client', 'DNS:client'), second.issue('client', 'DNS:client')];
    const old = await kept(of1);
    // both at first, as a change of CA is done
    replace(tls, ca, [first, second]);
    const renewed = await kept(of2);
    t.false(old.destroyed, 'its certificate is of a CA that still counts');
    replace(tls, ca, [second]);
    await until('the old one is closed', () => old.destroyed);
    t.false(renewed.destroyed);
    renewed.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(renewed, 'data');
    renewed.destroy();
  },
);

function replace(tls: RenewedTls, path: string, authorities: readonly Authority[]): void {
  writeFileSync(path, authorities.map(({ ca }) => readFileSync(ca, 'utf8')).join(''));
  tls.look();
}
