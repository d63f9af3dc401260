import { exponential, lognormal } from '../../shared/math/random.ts';
import type { Request } from './request.ts';
import type { Experiment } from './schema.ts';
import type { Streams } from './streams.ts';

/** Draws requests: their work, their waits, and the HAProxy that each comes to. */
export class Clients {
  readonly #experiment: Experiment;
  readonly #streams: Streams;
  readonly #draw: () => number;
  readonly #hasWaits: boolean;

  constructor(experiment: Experiment, streams: Streams) {
    this.#experiment = experiment;
    this.#streams = streams;
    this.#draw = demandOf(experiment, streams);
    this.#hasWaits = experiment.fleet.some(({ ioMs }) => ioMs > 0);
  }

  request(nowMs: number): Request {
    // drawn for the request, so that it works and waits as long at whichever server it comes to
    const wait = this.#hasWaits ? exponential(this.#streams.waits, 1) : 0;
    return {
      ...{ arrivedMs: nowMs, demandMs: this.#draw(), wait, haproxy: this.#entry(nowMs) },
      ...{ server: -1, retries: 0, stage: 0, queuedMs: 0, over: false },
    };
  }

  /** The HAProxy that has the service address, or any of them. */
  #entry(nowMs: number): number {
    const { haproxys, warmupSeconds, scenario } = this.#experiment;
    if (scenario.addressMoves.length > 0) {
      const seconds = nowMs / 1_000 - warmupSeconds;
      return (scenario.addressMoves.findLast(({ fromSeconds }) => fromSeconds <= seconds)?.toHaproxy ?? 1) - 1;
    }
    return haproxys === 1 ? 0 : Math.floor(this.#streams.entries() * haproxys);
  }
}

function demandOf(experiment: Experiment, { demands, classes }: Streams): () => number {
  const { demandMs, demandCv, demandDistribution, slowShare, slowTimes } = experiment;
  const draw = (meanMs: number) => {
    return demandDistribution === 'exponential' ? exponential(demands, meanMs) : lognormal(demands, meanMs, demandCv);
  };
  if (slowShare === 0) return () => draw(demandMs);
  const usualMs = demandMs / (1 - slowShare + slowShare * slowTimes);
  return () => draw(classes() < slowShare ? slowTimes * usualMs : usualMs);
}
