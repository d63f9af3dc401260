import { mean } from '../../../shared/math/statistics.ts';
import type { Target } from '../dispatch/dispatch.ts';
import { roundrobin } from '../dispatch/roundrobin.ts';
import type { RivalSurroundings, RivalSystem } from './rival.ts';

/** How often the service decides: as often as the servers' reports are new, which are over 2 s. */
const everyMs = 2_000;
/** None are published. Of proportional gains from 0.1 to 1, with and without the others, these gave it the shortest times (het, 70 and 85 %, noisy). */
const proportional = 0.6;
const integral = 0.02;
const derivative = 0.1;
/** The integral is kept within this, so that a server that cannot be corrected does not wind it up. */
const mostIntegral = 2;
/** A server keeps at least this part of the mean weight, so that it goes on to report. */
const leastOfMean = 0.01;

/** One server's controller. Its error is relative: (mean utilisation - its own) / mean utilisation. */
export class Pid {
  #sum = 0;
  #before: number | null = null;

  /** The change of the weight, as a part of the weight. */
  next(error: number): number {
    this.#sum = Math.max(-mostIntegral, Math.min(mostIntegral, this.#sum + error));
    const slope = error - (this.#before ?? error);
    this.#before = error;
    return proportional * error + integral * this.#sum + derivative * slope;
  }
}

/** The service: a weight for every server, from their utilisations. A server without a report (null) keeps its weight. */
export class RobinhoodService {
  readonly #controllers: readonly Pid[];
  #weights: readonly number[];

  constructor(servers: number) {
    this.#controllers = Array.from({ length: servers }, () => new Pid());
    this.#weights = Array.from({ length: servers }, () => 1);
  }

  get weights(): readonly number[] {
    return this.#weights;
  }

  decide(utilisations: readonly (number | null)[]): void {
    const setpoint = mean(utilisations.filter((each) => each !== null)) ?? 0;
    if (setpoint === 0) return;
    const moved = this.#weights.map((weight, index) => {
      const utilisation = utilisations[index] ?? null;
      if (utilisation === null) return weight;
      const change = this.#controllers[index]?.next((setpoint - utilisation) / setpoint) ?? 0;
      return weight * Math.max(0.1, 1 + change);
    });
    const average = mean(moved) ?? 1;
    this.#weights = moved.map((weight) => Math.max(leastOfMean, weight / average));
  }
}

/**
 * Dropbox's Robinhood ("What's new with Robinhood, our in-house load balancing service", 2024): one service for all clients has a
 * PID controller for every server, whose set point is the mean utilisation of the servers; its output changes the server's weight,
 * weights are normalised, and clients do weighted round robin. Utilisation is the agents' CPU, with their noise. Not published, so
 * chosen here: the gains, the period, and that changes are relative to the weight. Left out: the larger of CPU and requests in
 * flight as utilisation (an option there), the routing database's delay, subsets of servers, and the mix of strategies while services moved to it.
 */
export function robinhood({ agents, agenda }: Pick<RivalSurroundings, 'agents' | 'agenda'>): RivalSystem {
  const service = new RobinhoodService(agents.length);
  const slot = agenda.slot((nowMs) => {
    service.decide(agents.map(({ load }) => load?.cpu ?? null));
    agenda.set(slot, nowMs + everyMs);
  });
  agenda.set(slot, everyMs);
  return (targets) => {
    const weighted = targets.map((target) => new Weighted(target, service));
    const dispatch = roundrobin(weighted, () => true);
    return {
      pick(avoid) {
        const picked = dispatch.pick(avoid === null ? null : (weighted[avoid.index] ?? null));
        return picked === null ? null : (targets[picked.index] ?? null);
      },
      changed() {},
    };
  };
}

/** A server with the service's weight instead of the one that HAProxy has for it. */
class Weighted implements Target {
  readonly index: number;
  readonly #target: Target;
  readonly #service: RobinhoodService;

  constructor(target: Target, service: RobinhoodService) {
    this.index = target.index;
    this.#target = target;
    this.#service = service;
  }

  get weight(): number {
    return this.#service.weights[this.index] ?? 1;
  }

  get up(): boolean {
    return this.#target.up;
  }

  get served(): number {
    return this.#target.served;
  }
}
