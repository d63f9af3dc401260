import { type Logger as CronLogger, schedule } from 'node-cron';
import { exitCodes, formatProblem, type Problem, ProblemError } from '../contract/problem.ts';
import { RuntimeApi } from '../haproxy/runtime-api.ts';
import { json, plain, startHttpServer } from '../platform/http-server.ts';
import { parseListenAddress } from '../platform/listen-address.ts';
import { type Logger, makeLogger } from '../platform/logger.ts';
import { loadToken } from '../platform/token.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/schema.ts';
import { Loop } from './loop.ts';
import { AgentClient } from './observe/agent-client.ts';
import { isWorthWaiting, preflight } from './preflight.ts';
import { checkRecordFile } from './record/record-problem.ts';
import { Recorder } from './record/recorder.ts';

export const agentTokenVariable = 'HAWEIGHT_AGENT_TOKEN';
export const controllerTokenVariable = 'HAWEIGHT_CONTROLLER_TOKEN';

/** Throws a ProblemError for what no waiting will mend; returns what to wait for, if anything. */
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

/** Runs until SIGTERM or SIGINT, restores the configured weights unless told to keep ours, and gives the exit code. */
export async function runController(config: Config): Promise<number> {
  const logger = makeLogger(config.logLevel, 'controller');
  const tokens = {
    agents: loadToken(config.agents.tokenFile, agentTokenVariable),
    own: loadToken(config.tokenFile, controllerTokenVariable),
  };
  using agents = new AgentClient({ timeoutMs: config.agents.timeoutMs, token: tokens.agents });
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
    token: tokens.own,
    insecure: config.insecure,
    tokenHint: `--token-file FILE or ${controllerTokenVariable}`,
    routes: {
      '/v1/status': () => json(loop.status),
      '/healthz': () => plain(loop.status.waitingFor ?? 'ok'),
      '/metrics': async () => {
        // loaded when somebody scrapes: it takes 20 MiB
        const { renderMetrics } = await import('./metrics.ts');
        const contentType = 'text/plain; version=0.0.4; charset=utf-8';
        return { status: 200, contentType, body: await renderMetrics(loop.status) };
      },
    },
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

  const stop = stopSignal();
  const ticking = startSchedule(loop, config.periodMs, logger);
  const signal = await stop;
  logger.info('controller stopping', { signal });
  await ticking.stop();
  const exitCode = await leave(loop, config, logger);
  await recorder?.close();
  return exitCode;
}

/** Every period on node-cron, and once at the start. */
function startSchedule(loop: Loop, periodMs: number, logger: Logger) {
  const tick = async () => {
    try {
      await loop.tick();
    } catch (error) {
      // a defect of ours: one tick is lost, the next one starts from what it observes
      logger.error('tick failed', { detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  const task = schedule(cronExpression(periodMs), tick, { timezone: 'Etc/UTC', logger: quietLogger(logger) });
  task.on('execution:missed', () => loop.countSkipped());
  const first = tick();
  return {
    stop: async () => {
      await task.stop();
      await first;
    },
  };
}

/** Periods are whole seconds that divide a minute, so every minute starts with a tick. */
export function cronExpression(periodMs: number): string {
  const seconds = periodMs / 1_000;
  return seconds === 60 ? '0 * * * * *' : `*/${seconds} * * * * *`;
}

function quietLogger(logger: Logger): CronLogger {
  const debug = (message: string | Error) => logger.debug('schedule', { detail: String(message) });
  return { info: debug, warn: debug, error: debug, debug };
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

async function leave(loop: Loop, config: Config, logger: Logger): Promise<number> {
  if (config.dryRun || config.onExit === 'keep') return exitCodes.fine;
  const problems = await loop.restore();
  for (const problem of problems) {
    logger.error('weights not restored', {
      code: problem.code,
      detail: formatProblem(problem),
      mend: 'haweight restore',
    });
  }
  return problems.length === 0 ? exitCodes.fine : exitCodes.checkFailed;
}
