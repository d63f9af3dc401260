import { ProblemError, quote } from '../shared/contract/problem.ts';
import { shadowMissing } from '../shared/contract/problems/controller.ts';
import type { BackendStatus, ShadowServerStatus, ShadowStatus, Status } from '../shared/contract/status.ts';
import { askController, defaultController } from './ask-controller.ts';
import type { AskOptions } from './options.ts';
import type { FoundStatus } from './status-source.ts';

/** A backend, and the decisions of one policy that is computed in shadow. */
export interface ShadowedBackend {
  readonly backend: BackendStatus;
  readonly shadow: ShadowStatus;
}

export type ShadowedServer = ShadowServerStatus & { readonly policy: string };

/**
 * The status of a controller that computes this policy in shadow. Throws a ProblemError if there is none: HAProxy
 * does not know the weights of a shadow.
 */
export async function findShadowStatus(options: AskOptions, policy: string): Promise<FoundStatus> {
  if (options.socket !== undefined) {
    throw new ProblemError(
      shadowMissing('--socket', 'HAProxy does not know it: only a running controller has it', policy),
    );
  }
  const url = options.controller ?? defaultController;
  const answer = await askController(url, options);
  if (!answer.ok) {
    if (options.controller !== undefined || answer.error.code !== 'controller-unreachable') {
      throw new ProblemError(answer.error);
    }
    throw new ProblemError(shadowMissing(url, 'no controller answers, and only a running controller has it', policy));
  }
  const { status } = answer.value;
  const computed = [...new Set(status.backends.flatMap(({ shadows }) => shadows.map((each) => each.policy)))];
  if (computed.includes(policy)) return { ...answer.value, direct: false };
  const which = computed.length === 0 ? 'computes none' : `computes ${computed.map((each) => quote(each)).join(', ')}`;
  const force = status.policy === policy ? `, and ${quote(policy)} is in force` : '';
  throw new ProblemError(shadowMissing(url, `the controller ${which}${force}`, policy));
}

/** Each backend with the decisions of the policy, without backends that do not compute it. */
export function shadowedBackends(status: Status, policy: string): readonly ShadowedBackend[] {
  return status.backends.flatMap((backend) => {
    const shadow = backend.shadows.find((each) => each.policy === policy);
    return shadow === undefined ? [] : [{ backend, shadow }];
  });
}

/** One server's decision by a policy in shadow. Throws a ProblemError if there is none at this tick. */
export function shadowedServer(backend: BackendStatus, server: string, policy: string): ShadowedServer {
  const shadow = backend.shadows.find((each) => each.policy === policy);
  const decided = shadow?.servers.find((each) => each.server === server);
  if (decided !== undefined) return { policy, ...decided };
  const what = shadow?.problem ?? 'it has not decided on this server yet';
  throw new ProblemError(shadowMissing(`${backend.backend}/${server}`, what, policy));
}
