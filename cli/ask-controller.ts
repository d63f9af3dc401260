import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import axios from 'axios';
import { controllerPort, httpUrlPattern } from '../shared/contract/endpoints.ts';
import { type Problem, ProblemError, quote, quoteValue } from '../shared/contract/problem.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { controllerTokenVariable, type Status, statusSchema } from '../shared/contract/status.ts';
import { loadToken } from '../shared/net/token.ts';
import { makeLogger } from '../shared/process/logger.ts';
import { RenewedTls } from '../shared/tls/renewed-tls.ts';
import { TlsConnections } from '../shared/tls/tls-client.ts';
import { certificateFinding, schemeHint } from '../shared/tls/tls-failure.ts';
import type { ControllerAccess } from './options.ts';
import { printable } from './view/printable.ts';

export const defaultController = `http://127.0.0.1:${controllerPort}`;
const timeoutMs = 3_000;
/** The status of 10,000 servers is about 12 MB. */
const maxStatusBytes = 64 * 1024 * 1024;

/** Asks a controller for its status. Throws a ProblemError if the URL, token or certificates cannot be used. */
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
      return err({
        code: 'token-invalid',
        where,
        what: 'the controller refused the bearer token, or requires one',
        fix,
      });
    }
    const parsed = statusSchema.safeParse(data);
    if (status === 200 && parsed.success) return ok(printable(parsed.data));
    const got = `HTTP ${status} ${quote(quoteValue(data, 60), 60)}`;
    return err({ code: 'controller-unreachable', where, what: 'no haweight controller answers there', got });
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const certificate = certificateFinding(code ?? '', message, hints);
    if (certificate !== null) return err({ code: 'controller-certificate', where, ...certificate });
    const hint = schemeHint(url, code ?? '', hints);
    const fix = hint ?? 'Check that it runs. --controller URL gives another address.';
    return err({ code: 'controller-unreachable', where, what: 'no controller answers', got: code ?? message, fix });
  }
}

const hints = { ca: '--ca-file FILE', certificate: '--cert-file FILE and --key-file FILE' };

/** Messages repeat the URL, so it must not contain a password. */
function requireUrl(url: string): void {
  if (httpUrlPattern.test(url)) return;
  const expected = `a URL such as ${defaultController}, without user or password`;
  throw new ProblemError({ code: 'usage', where: '--controller', what: 'cannot be used', expected });
}

function tlsFiles({ caFile: ca, certFile: cert, keyFile: key }: ControllerAccess): RenewedTls | null {
  if ((cert === undefined) !== (key === undefined)) {
    const where = cert === undefined ? '--cert-file' : '--key-file';
    throw new ProblemError({ code: 'usage', where, what: 'is missing', expected: 'a certificate and its key' });
  }
  if ((ca ?? cert) === undefined) return null;
  return new RenewedTls({ ca, cert, key }, makeLogger('error', 'cli'));
}
