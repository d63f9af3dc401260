import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { systemClock } from '../../shared/clock.ts';
import { exitCodes, formatProblem, type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { startHttpServer } from '../../shared/net/http-server.ts';
import { parseListenAddress } from '../../shared/net/listen-address.ts';
import { loadToken } from '../../shared/net/token.ts';
import type { Log } from '../../shared/process/log.ts';
import { makeLogger } from '../../shared/process/logger.ts';
import { ServiceManager } from '../../shared/process/service-manager.ts';
import { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import type { Config } from '../config/schema.ts';
import { Loop } from '../loop/loop.ts';
import { connectAgents } from '../observe/connect-agents.ts';
import { checkRecordFile } from '../record/record-problem.ts';
import { Recorder } from '../record/recorder.ts';
import { routesOf } from '../serve/routes.ts';
import { claimAll } from './claims.ts';
import { longestTurnMs } from './longest-turn.ts';
import { isWorthWaiting, preflight } from './preflight.ts';
import { startSchedule } from './schedule.ts';
import { stopRequest } from './stop-request.ts';

export const controllerTokenVariable = 'HAWEIGHT_CONTROLLER_TOKEN';

/** How often HAProxy is looked at while a server is drained, in ms: for so long all clients may get a 503 at most. */
const rescueMs = 200;

/** Throws a ProblemError for what no waiting will fix; returns what to wait for, if anything. */
export async function checkSetup(config: Config): Promise<Problem | null> {
  const { socket } = config.haproxy;
  const unwritable = config.record === undefined ? null : await checkRecordFile(config.record.file);
  if (unwritable !== null) throw new ProblemError(unwritable);
  const api = new RuntimeApi(config.haproxy);
  const [problem] = await preflight(
    api,
    socket,
    config.backends.map(({ name }) => name),
  );
  if (problem === undefined) return null;
  if (!isWorthWaiting(problem, socket)) throw new ProblemError(problem);
  return problem;
}

/** Runs until there is a reason to stop, restores the configured weights unless told to keep ours, and gives the exit code. */
export async function runController(config: Config): Promise<number> {
  const logger = makeLogger(config.logLevel, 'controller');
  const stop = stopRequest({ logger });
  await using _claims = await claimAll(config);
  using agents = connectAgents(config.agents, logger);
  using tls = config.tls === undefined ? null : new RenewedTls({ ...config.tls, ca: config.tls.clientCa }, logger);
  const recorder = config.record === undefined ? undefined : new Recorder({ ...config.record, logger });
  const loop = new Loop({
    config,
    api: new RuntimeApi(config.haproxy),
    agents,
    logger,
    clock: systemClock,
    ...(recorder === undefined ? {} : { recorder }),
  });
  await using server = await startHttpServer({
    listen: parseListenAddress(config.listen, 'listen'),
    token: loadToken(config.tokenFile, controllerTokenVariable),
    tls,
    insecure: config.insecure,
    tokenHint: `--token-file FILE or ${controllerTokenVariable}`,
    routes: routesOf(() => loop.status),
    onError: (error) => logger.error('status request failed', { detail: String(error) }),
  });
  const waitingFor = await checkSetup(config);
  logger.info('controller started', {
    url: server.url,
    policy: config.policy,
    backends: config.backends.map(({ name }) => name),
    dryRun: config.dryRun,
    shadow: config.shadow,
    ...(config.record === undefined ? {} : { record: config.record.file }),
    ...(waitingFor === null ? {} : { waitingFor: formatProblem(waitingFor) }),
  });

  using manager = ServiceManager.connect({ longestTurnMs: longestTurnMs(config), log: logger });
  const tick = async () => {
    if (await loop.tick()) manager?.turnFinished(summaryOf(loop, config));
  };
  const ticking = startSchedule(tick, {
    periodMs: config.periodMs,
    clock: systemClock,
    logger,
    onMissed: () => loop.countSkipped(),
  });
  const rescuing = setInterval(() => void loop.rescue(), rescueMs);
  const reason = await stop;
  logger.info('controller stopping', { reason });
  manager?.stopping();
  clearInterval(rescuing);
  await ticking.stop();
  const exitCode = await leave(loop, config, logger);
  await recorder?.close();
  return reason === 'unexpected error' ? exitCodes.checkFailed : exitCode;
}

/** One line for `systemctl status`: what it does, or what keeps it from that. */
function summaryOf({ firstProblem }: Loop, { policy, backends, dryRun }: Config): string {
  if (firstProblem !== null) return formatProblem(firstProblem);
  return `${policy} ${dryRun ? 'would set' : 'sets'} the weights of ${backends.map(({ name }) => name).join(', ')}`;
}

async function leave(loop: Loop, config: Config, logger: Log): Promise<number> {
  if (config.dryRun || config.onExit === 'keep') return exitCodes.fine;
  const problems = await loop.restore();
  for (const problem of problems) {
    logger.error('weights not restored', {
      code: problem.code,
      detail: formatProblem(problem),
      fix: 'haweight restore',
    });
  }
  return problems.length === 0 ? exitCodes.fine : exitCodes.checkFailed;
}
