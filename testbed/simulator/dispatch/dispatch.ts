import type { Request } from '../request.ts';

/** The state of one server in one HAProxy. The HAProxy changes it, the dispatch reads it. */
export interface Target {
  readonly index: number;
  /** 0 to 256. */
  weight: number;
  /** Whether health checks have it in rotation. */
  up: boolean;
  /** Requests that this HAProxy has at the server now. */
  served: number;
}

/** How an attempt at a server ended. `refused`: no connection; `error`: an answer of status 4xx or 5xx, at once. */
export type Outcome = 'answered' | 'error' | 'refused' | 'broken' | 'timeout';

/** Whether a server is below its limit. */
export type HasRoom = (target: Target) => boolean;

/** `balance`: which server gets the next request. */
export interface Dispatch {
  /** The server for the next request, not `avoid` if there is another; null: none in rotation has room. */
  pick(avoid: Target | null): Target | null;
  /** Weight, state or requests served have changed. */
  changed(target: Target): void;
  /** The request goes to this server now. HAProxy's own algorithms do not mind. */
  sent?(request: Request, target: Target): void;
  /** Its attempt at this server is over. */
  ended?(request: Request, target: Target, outcome: Outcome): void;
}

export function isEligible({ up, weight }: Target): boolean {
  return up && weight > 0;
}
