import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import axios from 'axios';
import { controllerPort, httpUrlPattern } from '../shared/contract/endpoints.ts';
import { type Problem, ProblemError, quoteValue } from '../shared/contract/problem.ts';
import { tokenRefused } from '../shared/contract/problems/access.ts';
import {
  controllerCertificate,
  controllerHangs,
  controllerSilent,
  controllerUnreachable,
  notAController,
} from '../shared/contract/problems/controller.ts';
import { usage } from '../shared/contract/problems/settings.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { controllerTokenVariable, type Status, statusSchema } from '../shared/contract/status.ts';
import { loadToken } from '../shared/net/token.ts';
import { silentLog } from '../shared/process/log.ts';
import { makeLogger } from '../shared/process/logger.ts';
import { RenewedTls } from '../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../shared/tls/tls-client.ts';
import { certificateFault, schemeHint } from '../shared/tls/tls-failure.ts';
import type { ControllerAccess } from './options.ts';
import { printable } from './view/printable.ts';

export const defaultController = `http://127.0.0.1:${controllerPort}`;
const timeoutMs = 3_000;
/** The status of 10,000 servers is about 12 MB. */
const maxStatusBytes = 64 * 1024 * 1024;

/** A status, and when the controller gave it by its own wall clock, in ms: ours may differ by hours. */
export interface Answered {
  readonly status: Status;
  readonly answeredAt: number;
}

/** Asks a controller for its status. Throws a ProblemError if the URL, token or certificates cannot be used. */
export async function askController(url: string, access: ControllerAccess): Promise<Result<Answered, Problem>> {
  requireUrl(url);
  const token = loadToken(access.tokenFile, controllerTokenVariable, silentLog);
  using files = tlsFiles(access);
  using secure = new TlsConnections(files);
  const transport = {
    request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest =>
      secure.request(options, null, onResponse),
  };
  const where = `${url}/v1/status`;
  try {
    const { status, data, headers } = await axios.get<unknown>(where, {
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
    if (status === 200 && parsed.success) {
      return ok({ status: printable(parsed.data), answeredAt: dateOf(headers['date']) });
    }
    const got = `HTTP ${status} ${quoteValue(data, 60)}`;
    return err(status === 503 ? controllerHangs(where, 'its status', got) : notAController(where, got));
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    if (code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT') {
      return err(controllerSilent(where, timeoutMs));
    }
    const certificate = certificateFault(code ?? '', message, hints);
    if (certificate !== null) return err(controllerCertificate(where, certificate));
    return err(controllerUnreachable(where, code ?? message, schemeHint(url, code ?? '', hints)));
  }
}

/** HTTP's date counts whole seconds, so an age by it is up to a second short. Without a date: our own clock. */
function dateOf(header: unknown): number {
  const atMs = Date.parse(String(header));
  return Number.isNaN(atMs) ? Date.now() : atMs;
}

const hints = { ca: '--ca-file FILE', certificate: '--cert-file FILE and --key-file FILE' };

/** Messages repeat the URL, so it must not contain a password. */
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
