import type { ApplicationLoad } from '../agent.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import { candidates } from './choose.ts';
import type { RivalSurroundings, RivalSystem } from './rival.ts';
import { pickByStride, strides } from './stride.ts';

/** The specification's defaults. */
const blackoutMs = 10_000;
const expirationMs = 180_000;
const updateEveryMs = 1_000;
const errorPenalty = 1;

/** What a server's report is worth, in requests per second of full utilisation; null: it says nothing. */
export function reportedWeight({ cpu, requestsPerSecond, errorsPerSecond }: ApplicationLoad): number | null {
  if (cpu <= 0 || requestsPerSecond <= 0) return null;
  return requestsPerSecond / (cpu + (errorsPerSecond / requestsPerSecond) * errorPenalty);
}

/** The weight of one endpoint, as one client knows it. */
export class EndpointWeight {
  #weight = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  /** Reports have come without a break since then; Infinity: none yet. */
  #sinceMs = Number.POSITIVE_INFINITY;

  report(load: ApplicationLoad, nowMs: number): void {
    const weight = reportedWeight(load);
    if (weight === null) return;
    this.#weight = weight;
    this.#reportedMs = nowMs;
    this.#sinceMs = Math.min(this.#sinceMs, nowMs);
  }

  /** It is connected again. */
  ready(): void {
    this.#sinceMs = Number.POSITIVE_INFINITY;
  }

  /** 0: not known, or not yet to be used. */
  at(nowMs: number): number {
    if (nowMs - this.#reportedMs >= expirationMs) this.#sinceMs = Number.POSITIVE_INFINITY;
    return nowMs - this.#sinceMs >= blackoutMs ? this.#weight : 0;
  }
}

/**
 * gRPC's `weighted_round_robin` (gRFC A58), which Envoy has as `client_side_weighted_round_robin`: weight = requests per second /
 * (utilisation + errors per second / requests per second), with the specification's defaults, scheduled by static stride. Reports
 * come with every answer (per-call, the default); each is what the server's agent measured in its newest window of 2 s, with its
 * noise. The specification does not say what a server reports over. A connection is lost only with its server: one that is full
 * fails HAProxy's checks and gets nothing meanwhile, but keeps its weight. Left out: reports out of band, localities.
 */
export function grpcWrr({ agents, agenda }: Pick<RivalSurroundings, 'agents' | 'agenda'>): RivalSystem {
  return (targets, random): Dispatch => {
    const weights = targets.map(() => new EndpointWeight());
    const wasUp = targets.map(({ up }) => up);
    const isLost = targets.map(() => false);
    let sequence = Math.floor(random() * 2 ** 16);
    let ready = candidates(targets, null);
    let integers: readonly number[] = [];
    let updateMs = 0;
    const update = () => {
      ready = candidates(targets, null);
      integers = strides(ready.map(({ index }) => weights[index]?.at(agenda.nowMs) ?? 0));
      updateMs = agenda.nowMs + updateEveryMs;
    };
    return {
      pick(avoid) {
        if (agenda.nowMs >= updateMs) update();
        if (ready.length === 0) return null;
        // a retry goes on round the servers until it comes to another one
        for (let attempt = 0; attempt < 2 * ready.length; attempt += 1) {
          const picked = ready[pickByStride(integers, () => sequence++)] ?? null;
          if (picked !== avoid) return picked;
        }
        return candidates(targets, avoid)[0] ?? null;
      },
      changed({ index, up }) {
        if (wasUp[index] === up) return;
        wasUp[index] = up;
        if (!up) isLost[index] = (agents[index]?.load ?? null) === null;
        else if (isLost[index]) weights[index]?.ready();
        update();
      },
      sent() {},
      ended(_request, { index }, outcome) {
        const load = agents[index]?.load ?? null;
        if (load !== null && (outcome === 'answered' || outcome === 'error'))
          weights[index]?.report(load, agenda.nowMs);
      },
    };
  };
}
