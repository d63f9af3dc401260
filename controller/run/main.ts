import { type HaproxyInfo, RuntimeApi } from '../../haproxy/runtime-api.ts';
import { systemClock } from '../../shared/clock.ts';
import { exitCodes, formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { limitsObserved } from '../../shared/contract/problems/controller.ts';
import { controllerTokenVariable } from '../../shared/contract/status.ts';
import { loadToken } from '../../shared/net/token.ts';
import type { Log } from '../../shared/process/log.ts';
import { makeLogger } from '../../shared/process/logger.ts';
import { ServiceManager } from '../../shared/process/service-manager.ts';
import { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import type { Config } from '../config/schema.ts';
import { Loop } from '../loop/loop.ts';
import { connectAgents } from '../observe/connect-agents.ts';
import { hurryLookups } from '../observe/name-lookups.ts';
import { connectPeers } from '../observe/peers/peer-client.ts';
import { Recorder } from '../record/recorder.ts';
import { Claims } from './claims.ts';
import { limitLedgerOf } from './last-limits.ts';
import { leaveSettings } from './last-settings.ts';
import { ledgerOf } from './last-weights.ts';
import { canLeaveRecords } from './left-record.ts';
import { longestTickMs } from './longest-tick.ts';
import { startLooks } from './looks.ts';
import { checkSetup } from './preflight.ts';
import { startSchedule } from './schedule.ts';
import { serveStatus } from './status-server.ts';
import { stopRequest } from './stop-request.ts';

/** Runs until there is a reason to stop, restores the configured weights unless told to keep ours, and gives the exit code. */
export async function runController(asked: Config): Promise<number> {
  const logger = makeLogger(asked.logLevel, 'controller');
  const config = withSafeLimits(asked, logger);
  hurryLookups();
  // these may wait for a pipe; a signal ends the process meanwhile
  using agents = connectAgents(config.agents, logger);
  using peers = connectPeers(config.peers, logger);
  const token = loadToken(config.tokenFile, controllerTokenVariable, logger);
  const stop = stopRequest({ logger });
  await using claims = await Claims.take(config);
  using tls = config.tls === undefined ? null : new RenewedTls({ ...config.tls, ca: config.tls.clientCa }, logger);
  const api = new RuntimeApi(config.haproxy);
  const recorder = config.record === undefined ? null : new Recorder({ ...config.record, logger });
  const { socket } = config.haproxy;
  const ledgers = config.dryRun
    ? {}
    : {
        ledgerOf: (backend: string) => ledgerOf({ socket, backend }),
        limitLedgerOf: (backend: string) => limitLedgerOf({ socket, backend }),
      };
  const others = { peers: { urls: config.peers.urls, source: peers } };
  leaveSettings(config);
  const claim = (info: HaproxyInfo) => claims.takeProcess(info);
  const loop = new Loop({ config, api, agents, logger, clock: systemClock, recorder, claim, ...ledgers, ...others });
  await using server = await serveStatus(loop, { ...config, token }, tls, logger);
  const { waitingFor } = await checkSetup(config, api);
  if (waitingFor === null) await claims.takeProcessOf(api);
  logStart(config, server.url, waitingFor, logger);

  using manager = ServiceManager.connect({ longestTickMs: longestTickMs(config), log: logger });
  const tick = async () => {
    if (await loop.tick()) manager?.tickFinished(summaryOf(loop.firstProblem, config));
    if (loop.firstProblem?.code === 'too-many-files') agents.makeRoom();
  };
  const onMissed = () => loop.countSkipped();
  const ticking = startSchedule(tick, { periodMs: config.periodMs, clock: systemClock, logger, onMissed });
  using _looking = startLooks(() => loop.look());
  const reason = await stop;
  logger.info('controller stopping', { reason });
  manager?.stopping();
  loop.stop();
  await ticking.stop();
  // their descriptors may be all that there are
  agents[Symbol.dispose]();
  const isRestored = config.dryRun || config.onExit === 'keep' || (await restoreWeights(loop, logger));
  await recorder?.close();
  return isRestored && reason !== 'unexpected error' ? exitCodes.fine : exitCodes.checkFailed;
}

/**
 * HAProxy does not tell the configured limit once another one was set. So none is set where nothing could tell the next controller,
 * or `haweight restore`, after this one was killed.
 */
function withSafeLimits(config: Config, logger: Log): Config {
  if (config.limits !== 'on' || config.dryRun || canLeaveRecords()) return config;
  logger.warn('limits are only observed', { code: limitsObserved.code, detail: formatProblem(limitsObserved) });
  return { ...config, limits: 'observe' };
}

function logStart(
  { policy, backends, dryRun, shadow, record }: Pick<Config, 'policy' | 'backends' | 'dryRun' | 'shadow' | 'record'>,
  url: string,
  waitingFor: Problem | null,
  logger: Log,
): void {
  logger.info('controller started', {
    url,
    policy,
    backends: backends.map(({ name }) => name),
    dryRun,
    shadow,
    ...(record === undefined ? {} : { record: record.file }),
    ...(waitingFor === null ? {} : { waitingFor: formatProblem(waitingFor) }),
  });
}

/** One line for `systemctl status`: what the controller does, or what keeps it from doing that. */
function summaryOf(
  problem: Problem | null,
  { policy, backends, dryRun }: Pick<Config, 'policy' | 'backends' | 'dryRun'>,
): string {
  if (problem !== null) return formatProblem(problem);
  return `${policy} ${dryRun ? 'would set' : 'sets'} the weights of ${backends.map(({ name }) => name).join(', ')}`;
}

/** Whether all configured weights are back. */
async function restoreWeights(loop: Loop, logger: Log): Promise<boolean> {
  const problems = await loop.restore();
  for (const problem of problems) {
    const detail = formatProblem(problem);
    logger.error('weights not restored', { code: problem.code, detail, fix: 'haweight restore' });
  }
  return problems.length === 0;
}
