import type { Target } from './dispatch/dispatch.ts';
import { Health } from './health.ts';
import type { Limits } from './limits.ts';

/** One server line of one HAProxy, with the running counters of `show stat`. */
export interface Line extends Target, Limits {
  readonly name: string;
  readonly configuredWeight: number;
  readonly health: Health;
  sessions: number;
  responses2xx: number;
  responses4xx: number;
  responses5xx: number;
  connectionErrors: number;
  responseErrors: number;
  retries: number;
  redispatches: number;
}

/** What haproxy.cfg says of a server. */
export interface LineSpec {
  readonly name: string;
  readonly configuredWeight: number;
  readonly maxconn?: number | undefined;
  readonly minconn?: number | undefined;
}

export function lineOf({ name, configuredWeight, maxconn, minconn }: LineSpec, index: number): Line {
  return {
    ...{ index, name, configuredWeight, weight: configuredWeight, up: true, served: 0, health: new Health() },
    // where only one of them is given, or both are equal, the limit is static; a lower maxconn is ignored
    ...{ limit: maxconn === undefined ? (minconn ?? null) : Math.max(maxconn, minconn ?? 0) },
    ...{ leastLimit: minconn ?? maxconn ?? null },
    ...{ sessions: 0, responses2xx: 0, responses4xx: 0, responses5xx: 0 },
    ...{ connectionErrors: 0, responseErrors: 0, retries: 0, redispatches: 0 },
  };
}
