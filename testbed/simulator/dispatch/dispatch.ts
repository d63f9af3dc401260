/** One server as one HAProxy has it; the dispatch reads it, the HAProxy changes it. */
export interface Target {
  readonly index: number;
  /** 0 to 256. */
  weight: number;
  /** Whether health checks have it in rotation. */
  up: boolean;
  /** Requests that this HAProxy has at the server now. */
  served: number;
}

/** `balance`: which server gets the next request. */
export interface Dispatch {
  /** The one for the next request, another than `avoid` where there is one; null: no server is in rotation. */
  pick(avoid: Target | null): Target | null;
  /** Weight, state or requests served have changed. */
  changed(target: Target): void;
}

export function isEligible({ up, weight }: Target): boolean {
  return up && weight > 0;
}
