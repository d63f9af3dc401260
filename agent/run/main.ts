import { setTimeout as sleep } from 'node:timers/promises';
import { formatProblem } from '../../shared/contract/problem.ts';
import { agentTokenVariable } from '../../shared/contract/snapshot.ts';
import { type HttpServer, startHttpServer } from '../../shared/net/http-server.ts';
import { loadToken } from '../../shared/net/token.ts';
import { dropStartupGarbage } from '../../shared/process/footprint.ts';
import { type Log, silentLog } from '../../shared/process/log.ts';
import { makeLogger } from '../../shared/process/logger.ts';
import { ServiceManager } from '../../shared/process/service-manager.ts';
import { nextStopSignal } from '../../shared/process/stop-signals.ts';
import type { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import type { TlsFiles } from '../../shared/tls/tls-files.ts';
import type { AgentOptions } from '../config/options.ts';
import { ProcRoot } from '../kernel/proc-root.ts';
import { ProcessTree } from '../scope/process-tree.ts';
import { resolveScope, type ScopeChoice } from '../scope/scope.ts';
import type { Target } from '../scope/target.ts';
import { makeRoutes } from '../serve/routes.ts';
import { Orphans } from './orphans.ts';
import { Service } from './service.ts';

/** The agent hangs when no sample is finished for this many sampling periods. */
const samplesUntilHung = 10;

/** Runs until a signal, or until its child ends. Gives the exit code; throws a ProblemError where it cannot start. */
export async function runAgent(options: AgentOptions): Promise<number> {
  const files = new ProcRoot();
  const target = options.scope === null ? null : resolveScope(files, options.scope);
  const log = makeLogger(options.logLevel, 'agent');
  // it may wait for a pipe; a signal ends the process meanwhile
  const token = loadToken(options.tokenFile, agentTokenVariable, log);
  // Before the agent can be found. A child gets the signals itself.
  const stopped = options.command.length === 0 ? nextStopSignal(log) : null;
  // With a command, that is the service, and talks to the service manager itself.
  const longestTickMs = samplesUntilHung * options.sampleMs;
  using manager = options.command.length === 0 ? ServiceManager.connect({ longestTickMs, log }) : null;
  let service: Service | null = null;
  const serve = (what: Target) => {
    service = new Service(files, what, options, log, () => manager?.tickFinished(`measuring: ${what.kind}`));
    service.start();
    setTimeout(dropStartupGarbage, options.windowMs).unref();
    return service;
  };
  const server: HttpServer = await startHttpServer({
    listen: options.listen,
    token,
    tls: options.tls === null ? null : await loadTls(options.tls, log),
    insecure: options.insecure,
    allowHosts: options.allowHosts,
    tokenHint: `--token-file FILE or ${agentTokenVariable}`,
    routes: makeRoutes(
      () => service,
      () => server.refused,
    ),
    onError: (error) => log.error('request failed', { error: String(error) }),
    onExcess: (excess) => log.warn('clients refused', { ...excess }),
  });
  log.info('agent listening', { url: server.url });
  if (target !== null && stopped !== null) {
    using _running = serve(target);
    const signal = await stopped;
    log.info('agent ends', { signal });
    manager?.stopping();
    await server.close();
    return 0;
  }
  return await runWithChild(options, server, log, (pid) =>
    serve(target ?? { kind: 'process', tree: new ProcessTree(files, () => pid), port: null }),
  );
}

/** Loaded only for those who want TLS: it costs memory. */
async function loadTls(files: TlsFiles, log: Log): Promise<RenewedTls> {
  const { RenewedTls } = await import('../../shared/tls/renewed-tls.ts');
  return new RenewedTls(files, log);
}

/** The application and the agent as one unit, which lives as long as the application does. */
async function runWithChild(
  { command }: AgentOptions,
  server: HttpServer,
  log: Log,
  serve: (pid: number) => Service,
): Promise<number> {
  const { startChild } = await import('./child.ts');
  const child = await startChild(command);
  if (!child.ok) {
    await server.close();
    process.stderr.write(`haweight: ${formatProblem(child.error.problem)}\n`);
    return child.error.exitCode;
  }
  // Whatever happens to us from here on, the application goes on.
  const survive = (error: unknown) => log.error('agent failed, the command goes on', { error: String(error) });
  process.on('uncaughtException', survive);
  const { pid, ownPids, ended } = child.value;
  using _running = serve(pid);
  using _orphans = process.pid === 1 ? new Orphans(ownPids, log) : null;
  log.info('command started', { pid });
  const exitCode = await ended;
  log.info('command ended', { pid, exitCode });
  await server.close();
  process.off('uncaughtException', survive);
  return exitCode;
}

/** Samples for one window and gives the service, for a single look. */
export async function sampleOnce(options: AgentOptions, scope: ScopeChoice): Promise<Service> {
  const files = new ProcRoot();
  using service = new Service(files, resolveScope(files, scope), options, silentLog);
  service.sample();
  await sleep(options.windowMs);
  service.sample();
  return service;
}
