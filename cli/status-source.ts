import { connectAgents, Loop, loadConfig } from '../controller/index.ts';
import { RuntimeApi } from '../haproxy/runtime-api.ts';
import { systemClock } from '../shared/clock.ts';
import { defaultSocket } from '../shared/contract/endpoints.ts';
import { exitCodes, ProblemError } from '../shared/contract/problem.ts';
import type { Status } from '../shared/contract/status.ts';
import { makeLogger } from '../shared/process/logger.ts';
import { askController, defaultController } from './ask-controller.ts';
import { note } from './exit.ts';
import type { AskOptions } from './options.ts';
import { type AnsweredAt, isStuck } from './view/up-to-date.ts';

/** A status. `direct`: HAProxy and the agents were asked, without a controller. */
export interface FoundStatus {
  readonly status: Status;
  readonly direct: boolean;
  readonly answeredAt: AnsweredAt;
}

/** 1 where what is shown is out of date: the controller cannot read HAProxy, or is stuck. */
export function exitCodeOf({ status, answeredAt }: FoundStatus): number {
  return status.haproxy.problem !== null || isStuck(status, answeredAt) ? exitCodes.checkFailed : exitCodes.fine;
}

/**
 * The controller's status. If none answers, or with --socket, asks HAProxy and the agents directly, with one
 * dry tick. Throws a ProblemError if both fail.
 */
export async function findStatus(options: AskOptions): Promise<FoundStatus> {
  if (options.socket === undefined) {
    const answer = await askController(options.controller ?? defaultController, options);
    if (answer.ok) return { ...answer.value, direct: false };
    if (options.controller !== undefined || answer.error.code !== 'controller-unreachable') {
      throw new ProblemError(answer.error);
    }
    const { what, got } = answer.error;
    const why = got === 'ECONNREFUSED' ? `no controller at ${defaultController}` : `${defaultController}: ${what}`;
    const socket = options.config === undefined ? ` at ${defaultSocket}` : '';
    note(`${why}; asking HAProxy${socket} and the agents directly, writing nothing`);
    note('(--controller URL, --socket ADDRESS and --backend NAME say whom to ask instead)');
  } else {
    note(`asking HAProxy at ${options.socket} and the agents directly, writing nothing`);
  }
  return { status: await askDirectly(options), direct: true, answeredAt: null };
}

async function askDirectly({ controller: _url, tokenFile: _token, ...flags }: AskOptions): Promise<Status> {
  const fromFlags = { socket: defaultSocket, ...flags };
  const asked =
    flags.config === undefined
      ? { ...fromFlags, backend: flags.backend ?? (await allBackends(fromFlags.socket)) }
      : flags;
  // no shadows: they need more than one tick
  const config = loadConfig({ ...asked, shadow: [], dryRun: true, logLevel: 'error' });
  using agents = await connectAgents(config.agents, makeLogger('error', 'cli'));
  const api = new RuntimeApi(config.haproxy);
  const loop = new Loop({ config, api, agents, logger: makeLogger('error', 'cli'), clock: systemClock });
  await loop.tick();
  const problem = loop.firstProblem;
  if (problem !== null && problem.code !== 'agent-stale') throw new ProblemError(problem);
  return loop.status;
}

/** The backends that have servers. Throws a ProblemError where HAProxy does not tell. */
export async function allBackends(socket: string): Promise<readonly string[]> {
  const states = await new RuntimeApi({ socket }).servers();
  if (!states.ok) throw new ProblemError(states.error);
  return [...new Set(states.value.map(({ backend }) => backend))];
}
