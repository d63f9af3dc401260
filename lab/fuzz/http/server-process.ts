import { EventEmitter } from 'node:events';
import { Server } from 'node:net';
import type { Answer } from '../../../shared/net/answer.ts';
import { startHttpServer } from '../../../shared/net/http-server.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import type { TlsFiles } from '../../../shared/tls/tls-files.ts';
import { bodies, type ServerKind, type ServerReport, serverKinds, token } from './server-kinds.ts';

/*
 * HTTP servers in a process of their own: so its memory, its CPU time and its end are theirs alone. It answers each message
 * with a report.
 */

const files = JSON.parse(process.argv[2] ?? 'null') as TlsFiles | null;
const problems = new Set<string>();
const note = (what: string) => problems.add(what.slice(0, 500));

/** These tell nothing of a client. */
const harmless = new Set(['close', 'listening']);
const emit = EventEmitter.prototype.emit;
EventEmitter.prototype.emit = function emitNoted(this: EventEmitter, event: string | symbol, ...args: unknown[]) {
  const handled = emit.call(this, event, ...args);
  if (!handled && this instanceof Server && !harmless.has(String(event))) note(`nothing handles "${String(event)}"`);
  return handled;
};
process.on('warning', ({ message }) => note(`warning: ${message}`));

const routes = Object.fromEntries(
  Object.entries(bodies).map(([path, body]) => {
    const answer: Answer = { status: 200, contentType: 'application/json', body };
    return [path, () => answer];
  }),
);

async function start({ hasToken, hasTls, asksForCertificate }: ServerKind): Promise<number | null> {
  if (hasTls && files === null) return null;
  const { ca, ...own } = files ?? {};
  const { address } = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    token: hasToken ? token : null,
    tls: hasTls ? new RenewedTls(asksForCertificate ? { ...own, ca } : own, silentLog) : null,
    insecure: false,
    allowHosts: [],
    tokenHint: '',
    routes,
    onError: (error) => note(`onError: ${String(error)}`),
  });
  return address.port;
}

const ports = await Promise.all(Object.values(serverKinds).map(start));

process.on('message', (wanted) => {
  if (wanted === 'report of the heap') globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1_000;
  const report: ServerReport = { ports, heapBytes: heapUsed + external, cpuMs, problems: [...problems] };
  if (wanted === 'report') problems.clear();
  process.send?.(report);
});
process.on('disconnect', () => process.exit(0));
process.send?.('started');
