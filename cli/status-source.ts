import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import axios from 'axios';
import { connectAgents, Loop, loadConfig } from '../controller/index.ts';
import { RuntimeApi } from '../haproxy/runtime-api.ts';
import { systemClock } from '../shared/clock.ts';
import { controllerPort, defaultSocket, httpUrlPattern } from '../shared/contract/endpoints.ts';
import { type Problem, ProblemError, quote, quoteValue } from '../shared/contract/problem.ts';
import { tokenRefused } from '../shared/contract/problems/access.ts';
import {
  controllerCertificate,
  controllerUnreachable,
  notAController,
} from '../shared/contract/problems/controller.ts';
import { usage } from '../shared/contract/problems/settings.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { controllerTokenVariable, type Status, statusSchema } from '../shared/contract/status.ts';
import { loadToken } from '../shared/net/token.ts';
import { makeLogger } from '../shared/process/logger.ts';
import { RenewedTls } from '../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../shared/tls/tls-client.ts';
import { certificateFault, schemeHint } from '../shared/tls/tls-failure.ts';
import { note } from './exit.ts';
import type { AskOptions, ControllerAccess } from './options.ts';
import { printable } from './view/printable.ts';

export const defaultController = `http://127.0.0.1:${controllerPort}`;
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
    const answer = await askController(options.controller ?? defaultController, options);
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

/** Throws a ProblemError where what is to be shown to it, or trusted, cannot be used. */
export async function askController(url: string, access: ControllerAccess): Promise<Result<Status, Problem>> {
  requireUrl(url);
  const token = loadToken(access.tokenFile, controllerTokenVariable);
  using files = tlsFiles(access);
  using secure = new TlsConnections(files);
  const transport = {
    request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest =>
      secure.request(options, null, onResponse),
  };
  const where = `${url}/v1/status`;
  try {
    const { status, data } = await axios.get<unknown>(where, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
      maxContentLength: maxStatusBytes,
      maxRedirects: 0,
      proxy: false,
      validateStatus: null,
      ...(url.startsWith('https:') ? { transport } : {}),
    });
    if (status === 401) {
      const fix = `Give the controller's token: --token-file FILE or ${controllerTokenVariable}.`;
      return err(tokenRefused(where, fix));
    }
    const parsed = statusSchema.safeParse(data);
    if (status === 200 && parsed.success) return ok(printable(parsed.data));
    const got = `HTTP ${status} ${quote(quoteValue(data, 60), 60)}`;
    return err(notAController(where, got));
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const certificate = certificateFault(code ?? '', message, hints);
    if (certificate !== null) return err(controllerCertificate(where, certificate));
    return err(controllerUnreachable(where, code ?? message, schemeHint(url, code ?? '', hints)));
  }
}

const hints = { ca: '--ca-file FILE', certificate: '--cert-file FILE and --key-file FILE' };

/** A URL is repeated in messages, so it may not hold a password. */
function requireUrl(url: string): void {
  if (httpUrlPattern.test(url)) return;
  const expected = `a URL such as ${defaultController}, without user or password`;
  throw new ProblemError(usage('--controller', 'invalid value', { expected }));
}

function tlsFiles({ caFile: ca, certFile: cert, keyFile: key }: ControllerAccess): RenewedTls | null {
  if ((cert === undefined) !== (key === undefined)) {
    const where = cert === undefined ? '--cert-file' : '--key-file';
    throw new ProblemError(usage(where, 'is missing', { expected: 'a certificate and its key' }));
  }
  if ((ca ?? cert) === undefined) return null;
  return new RenewedTls({ ca, cert, key }, makeLogger('error', 'cli'));
}

async function askDirectly({ controller: _url, tokenFile: _token, ...flags }: AskOptions): Promise<Status> {
  const fromFlags = { socket: defaultSocket, ...flags };
  const asked =
    flags.config === undefined
      ? { ...fromFlags, backend: flags.backend ?? (await allBackends(fromFlags.socket)) }
      : flags;
  // what a shadow would have left in HAProxy takes more than one tick to know
  const config = loadConfig({ ...asked, shadow: [], dryRun: true, logLevel: 'error' });
  using agents = await connectAgents(config.agents, makeLogger('error', 'cli'));
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
