import { controllerPort } from '../../shared/contract/endpoints.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { controllerTokenVariable } from '../../shared/contract/status.ts';
import { type ListenAddress, parseListenAddress } from '../../shared/net/listen-address.ts';
import type { Log } from '../../shared/process/log.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import type { Config } from '../config/schema.ts';
import type { Answerer } from '../serve/answering.ts';
import { ServingThread } from './serving-thread.ts';

type ServerConfig = Pick<Config, 'listen' | 'insecure' | 'allowHosts' | 'dryRun'> & { readonly token: string | null };

/** Where the status API is served unless something else was asked for. */
export const defaultListen = `127.0.0.1:${controllerPort}`;

/**
 * Serves the status from a thread of its own. A dry run beside the controller in force finds the usual port in use: unless an
 * address was asked for, it takes any free one and says which.
 */
export async function serveStatus(
  loop: Answerer,
  { listen, token, insecure, allowHosts, dryRun }: ServerConfig,
  tls: RenewedTls | null,
  logger: Log,
): Promise<ServingThread> {
  const tokenHint = `--token-file FILE or ${controllerTokenVariable}`;
  const serve = (address: ListenAddress) => {
    const settings = { listen: address, token, insecure, allowHosts, tokenHint };
    return ServingThread.start({ settings, loop, tls, logger });
  };
  const usual = parseListenAddress(listen ?? defaultListen, 'listen');
  try {
    return await serve(usual);
  } catch (error) {
    const isTaken = error instanceof ProblemError && error.problem.got === 'EADDRINUSE';
    if (!isTaken || !dryRun || listen !== undefined) throw error;
    const server = await serve({ ...usual, port: 0 });
    logger.warn('the usual port is in use', {
      listen: defaultListen,
      url: server.url,
      fix: `haweight weights --controller ${server.url}`,
    });
    return server;
  }
}
