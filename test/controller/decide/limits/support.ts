import type { LimitsInput } from '../../../../controller/decide/limits/limitable.ts';
import { decideLimits, type LimitsOutcome } from '../../../../controller/decide/limits/limits.ts';
import { type LimitsState, noLimitsYet } from '../../../../controller/decide/limits/state.ts';
import type { Order } from '../../../../controller/decide/orders.ts';
import type { LimitMode, LimitReading } from '../../../../shared/contract/server-limit.ts';
import { observed, type ServerSketch } from '../../support/build.ts';

export const unlimited: LimitReading = {
  now: null,
  configured: null,
  fullconn: null,
  otherWriter: false,
  fullPart: 0,
  suspended: false,
  refuted: null,
};

export const order: Order = {
  full: 100,
  undrained: 100,
  capacity: 100,
  size: 1,
  machine: '',
  refusing: 0,
  limit: null,
};

/** What a server did in a tick of 2 s. */
export interface Deed extends Omit<ServerSketch, 'limit' | 'flow'> {
  readonly ok?: number;
  readonly cpu?: number;
  /** The mean of the tick. */
  readonly inFlightMean?: number;
  readonly queued?: number;
  readonly limit?: Partial<LimitReading>;
  readonly order?: Partial<Order>;
}

/** A quiet server of one core that takes 50 ms for a request and can do 40/s: a limit of 2 + root of 2 is enough. */
export const quiet: Deed = { ok: 20, cpu: 0.25, inFlightMean: 0.5, cores: 1, order: { capacity: 40 } };

/** Ticks of the limits of a backend; HAProxy takes what is written. */
export class Backend {
  readonly now = new Map<string, number | null>();
  mode: LimitMode = 'on';
  state: LimitsState = noLimitsYet;
  last: LimitsOutcome['limits'] = new Map();

  tick(deeds: Readonly<Record<string, Deed>>, elapsedMs = 2_000): LimitsOutcome['limits'] {
    const { limits, state } = decideLimits(this.inputOf(deeds, elapsedMs), this.state);
    this.state = state;
    this.last = limits;
    for (const [server, { limit, write }] of limits) if (write) this.now.set(server, limit);
    return limits;
  }

  ticks(count: number, deeds: Readonly<Record<string, Deed>>): LimitsOutcome['limits'] {
    for (let done = 0; done < count; done += 1) this.tick(deeds);
    return this.last;
  }

  inputOf(deeds: Readonly<Record<string, Deed>>, elapsedMs = 2_000): LimitsInput {
    const entries = Object.entries(deeds);
    return {
      mode: this.mode,
      observations: entries.map(([server, deed]) => {
        const { ok = 0, cpu = 0.1, inFlightMean = 0, queued = 0, limit, order: _, ...sketch } = deed;
        return observed(server, {
          traffic: { ok, errors: 0, clientErrors: 0 },
          flow: { started: ok, redispatches: 0, inFlightMean, queued },
          inFlight: Math.round(inFlightMean),
          utilisation: { cpu },
          ...sketch,
          limit: { ...unlimited, ...limit, now: this.now.get(server) ?? limit?.configured ?? null },
        });
      }),
      orders: new Map(entries.map(([server, deed]) => [server, { ...order, ...deed.order }])),
      elapsedMs,
    };
  }

  limit(server: string): number | null | undefined {
    return this.last.get(server)?.limit;
  }

  /** Why the server's limit is what it is. */
  why(server: string): string {
    const reason = this.last.get(server)?.reason;
    return reason === undefined ? 'nothing' : reason.code === 'open' ? reason.because : reason.code;
  }
}
