import axios from 'axios';
import { type Problem, ProblemError, quote } from '../contract/problem.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { type Status, statusSchema } from '../contract/status.ts';
import { systemClock } from '../controller/clock.ts';
import { loadConfig } from '../controller/config/load.ts';
import { Loop } from '../controller/loop.ts';
import { agentTokenVariable, controllerTokenVariable } from '../controller/main.ts';
import { AgentClient } from '../controller/observe/agent-client.ts';
import { RuntimeApi } from '../haproxy/runtime-api.ts';
import { makeLogger } from '../platform/logger.ts';
import { loadToken } from '../platform/token.ts';
import { note } from './exit.ts';
import type { AskOptions } from './options.ts';

export const defaultController = 'http://127.0.0.1:9478';
const defaultSocket = '/run/haproxy/admin.sock';
const timeoutMs = 3_000;
/** 10,000 servers' status is about 12 MB. */
const maxStatusBytes = 64 * 1024 * 1024;

/** A status, and whether a controller gave it or HAProxy and the agents were asked without one. */
export interface FoundStatus {
  readonly status: Status;
  readonly direct: boolean;
}

/**
 * The controller's status; where none answers (or --socket says so) what HAProxy and the agents say themselves, in one
 * dry tick. Throws a ProblemError where neither can be had.
 */
export async function findStatus(options: AskOptions): Promise<FoundStatus> {
  if (options.socket === undefined) {
    const answer = await askController(options.controller ?? defaultController, options.tokenFile);
    if (answer.ok) return { status: answer.value, direct: false };
    if (options.controller !== undefined || answer.error.code !== 'controller-unreachable') {
      throw new ProblemError(answer.error);
    }
    note(`no controller at ${defaultController}; asking HAProxy and the agents directly, writing nothing`);
  } else {
    note(`asking HAProxy at ${options.socket} and the agents directly, writing nothing`);
  }
  return { status: await askDirectly(options), direct: true };
}

export async function askController(url: string, tokenFile: string | undefined): Promise<Result<Status, Problem>> {
  const token = loadToken(tokenFile, controllerTokenVariable);
  const where = `${url}/v1/status`;
  try {
    const { status, data } = await axios.get<unknown>(where, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
      maxContentLength: maxStatusBytes,
      maxRedirects: 0,
      proxy: false,
      validateStatus: null,
    });
    if (status === 401) {
      const mend = `Give the controller's token: --token-file FILE or ${controllerTokenVariable}.`;
      return err({ code: 'token-invalid', where, what: 'the controller refused the bearer token, or wants one', mend });
    }
    const parsed = statusSchema.safeParse(data);
    if (status === 200 && parsed.success) return ok(parsed.data);
    const got = `HTTP ${status} ${quote(JSON.stringify(data) ?? '', 60)}`;
    return err({ code: 'controller-unreachable', where, what: 'no haweight controller answers there', got });
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const mend = 'Is it running? --controller URL names another address.';
    return err({ code: 'controller-unreachable', where, what: 'no controller answers', got: code ?? message, mend });
  }
}

async function askDirectly({ controller: _url, tokenFile: _token, ...flags }: AskOptions): Promise<Status> {
  const fromFlags = { socket: defaultSocket, ...flags };
  const asked =
    flags.config === undefined
      ? { ...fromFlags, backend: flags.backend ?? (await allBackends(fromFlags.socket)) }
      : flags;
  // what a shadow would have left in HAProxy takes more than one tick to know
  const config = loadConfig({ ...asked, shadow: [], dryRun: true, logLevel: 'error' });
  const token = loadToken(config.agents.tokenFile, agentTokenVariable);
  using agents = new AgentClient({ timeoutMs: config.agents.timeoutMs, token });
  const api = new RuntimeApi(config.haproxy);
  const loop = new Loop({ config, api, agents, logger: makeLogger('error', 'cli'), clock: systemClock });
  await loop.tick();
  const problem = loop.firstProblem;
  if (problem !== null && problem.code !== 'agent-stale') throw new ProblemError(problem);
  return loop.status;
}

/** The backends that have servers. */
async function allBackends(socket: string): Promise<readonly string[]> {
  const states = await new RuntimeApi({ socket }).servers();
  if (!states.ok) throw new ProblemError(states.error);
  return [...new Set(states.value.map(({ backend }) => backend))];
}
