import type { Dispatch, Target } from '../dispatch/dispatch.ts';
import type { Request } from '../request.ts';
import { candidates, drawSome } from './choose.ts';
import type { RivalSurroundings, RivalSystem } from './rival.ts';

/** Finagle's default `decayTime`: the mean lifetime of what is known of a server. */
const decayMs = 10_000;
/** Cost of a server that has requests but has answered none yet: it gets no second one before its first answer. */
const unknownCost = 2 ** 47;

/** One client's view of one server's response time: it follows a rise at once and a fall slowly. Times in ms. */
export class PeakEwma {
  #costMs = 0;
  #stampMs: number;

  constructor(nowMs: number) {
    this.#stampMs = nowMs;
  }

  observe(tookMs: number, nowMs: number): void {
    const kept = Math.exp(-Math.max(0, nowMs - this.#stampMs) / decayMs);
    this.#costMs = tookMs > this.#costMs ? tookMs : this.#costMs * kept + tookMs * (1 - kept);
    this.#stampMs = nowMs;
  }

  /** What one more request would cost beside those that are pending. */
  cost(pending: number, nowMs: number): number {
    this.observe(0, nowMs);
    return this.#costMs === 0 && pending > 0 ? unknownCost + pending : this.#costMs * (pending + 1);
  }
}

/**
 * Power of two choices by peak EWMA, as in Finagle (`PeakEwma.scala`, `P2CPeakEwma`) and linkerd: of two servers drawn uniformly
 * the one with the lower cost, which is its peak EWMA of response times times (requests that this client has there + 1). It knows
 * nothing that HAProxy could not know. Every end of an attempt is observed, an error at once too. Left out: failure accrual, which
 * is a filter of its own in Finagle and takes servers that fail out for a while.
 */
export function peakEwma({ agenda }: Pick<RivalSurroundings, 'agenda'>): RivalSystem {
  return (targets, random): Dispatch => {
    const views = targets.map(() => new PeakEwma(agenda.nowMs));
    const sentMs = new Map<Request, number>();
    const cost = ({ index, served }: Target) => views[index]?.cost(served, agenda.nowMs) ?? unknownCost;
    return {
      pick(avoid) {
        const [one = null, other = null] = drawSome(candidates(targets, avoid), 2, random);
        return one !== null && other !== null && cost(other) < cost(one) ? other : one;
      },
      changed() {},
      sent(request) {
        sentMs.set(request, agenda.nowMs);
      },
      ended(request, { index }) {
        views[index]?.observe(agenda.nowMs - (sentMs.get(request) ?? agenda.nowMs), agenda.nowMs);
        sentMs.delete(request);
      },
    };
  };
}
