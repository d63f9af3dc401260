import type { UnavailableReason } from '../../shared/contract/snapshot.ts';

/** A metric that is not known, and why. Unknown is never 0. */
export interface Unavailable {
  readonly status: 'unavailable';
  readonly reason: UnavailableReason;
  readonly detail: string;
}

/** The schema's limit of `detail`, in characters. */
const maxDetail = 300;

export function unavailable(reason: UnavailableReason, detail: string): Unavailable {
  return { status: 'unavailable', reason, detail: detail.slice(0, maxDetail) };
}
