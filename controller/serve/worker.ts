import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ProblemError } from '../../shared/contract/problem.ts';
import type { Excess } from '../../shared/net/excess-report.ts';
import { type HttpServer, startHttpServer } from '../../shared/net/http-server.ts';
import type { Log, LogLevel } from '../../shared/process/log.ts';
import type { TlsMaterial } from '../../shared/tls/tls-files.ts';
import { Asking } from './asking.ts';
import type { FromServing, ServingSettings, ToServing } from './messages.ts';
import { routesOf } from './routes.ts';

/*
 * The status API, in a thread of its own with a heap of its own: whatever its clients do, ticks go on. The thread is started
 * by controller/run/serving-thread.ts and ends with the port to the loop's thread.
 */

async function serve(port: MessagePort, { tls: material, ...settings }: ServingSettings): Promise<void> {
  const tell = (message: FromServing) => port.postMessage(message);
  const log = logTo(tell);
  const asking = new Asking((question) => tell({ kind: 'question', ...question }));
  const tls = material === null ? null : new TlsOfThread(material);
  port.on('message', (message: ToServing) => {
    if (message.kind === 'reply') asking.take(message);
    else tls?.renew(message.tls, log);
  });
  try {
    const onError = (error: unknown) => log.error('status request failed', { detail: String(error) });
    const onExcess = (excess: Excess) => log.warn('clients refused', { ...excess });
    const routes = routesOf(asking, () => server.refused);
    const server: HttpServer = await startHttpServer({ ...settings, tls, routes, onError, onExcess });
    const { address, url } = server;
    tell({ kind: 'listening', address, url });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    tell({ kind: 'refused', problem: error.problem });
    port.close();
  }
}

/** The loop's thread reads the files, and sends what they hold. */
class TlsOfThread {
  material: TlsMaterial;
  readonly #users: ((material: TlsMaterial) => void)[] = [];

  constructor(material: TlsMaterial) {
    this.material = material;
  }

  onRenewed(use: (material: TlsMaterial) => void): void {
    this.#users.push(use);
  }

  /** What TLS does not take is logged, and the old certificate stays in use. */
  renew(material: TlsMaterial, log: Log): void {
    try {
      for (const use of this.#users) use(material);
      this.material = material;
    } catch (error) {
      log.error('certificate not taken up', { detail: String(error) });
    }
  }
}

function logTo(tell: (message: FromServing) => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: object = {}) =>
      tell({ kind: 'log', level, message, fields });
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

if (parentPort !== null) await serve(parentPort, workerData as ServingSettings);
