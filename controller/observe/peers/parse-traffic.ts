import { type Problem, quote } from '../../../shared/contract/problem.ts';
import { tokenRefused } from '../../../shared/contract/problems/access.ts';
import { controllerHangs } from '../../../shared/contract/problems/controller.ts';
import { peerInvalid, peerValueInvalid } from '../../../shared/contract/problems/peer.ts';
import { err, ok, type Result } from '../../../shared/contract/result.ts';
import { type ControllerTraffic, trafficSchema } from '../../../shared/contract/traffic.ts';
import type { HttpAnswer } from '../http-exchange.ts';

const tokenFix = 'Give the token of its status API: peers.tokenFile (--peer-token-file) or HAWEIGHT_CONTROLLER_TOKEN.';

/** From what a peer answered to counters that can be used. Pure. */
export function parseTraffic({ status, body }: HttpAnswer, url: string): Result<ControllerTraffic, Problem> {
  if (status === 401 || status === 403) return err(tokenRefused(url, tokenFix));
  const got = `HTTP ${status} ${quote(body, 60)}`;
  if (status === 503) return err(controllerHangs(url, 'its counters', got));
  if (status !== 200) return err(peerInvalid(url, got));
  const traffic = trafficSchema.safeParse(jsonOf(body));
  if (traffic.success) return ok(traffic.data);
  const [issue] = traffic.error.issues;
  const place = issue?.path.join('.') ?? '';
  return err(place === '' ? peerInvalid(url, got) : peerValueInvalid(url, place, issue?.message ?? ''));
}

/** undefined: it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
