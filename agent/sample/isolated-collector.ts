import type { Clock } from '../../shared/clock.ts';
import type { Metric, MetricName } from '../../shared/contract/snapshot.ts';
import type { Collector, Timed } from '../collectors/collector.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { SlidingWindow } from './sliding-window.ts';

/**
 * A reading that takes longer has failed: it holds up all the others. Long enough that an agent which gets little CPU,
 * because its server is overloaded, does not go blind just then.
 */
export const slowMs = 1_000;
/** A slow collector is asked again after this many times as long as it took, so that it has at most a tenth of the time. */
const backOffFactor = 10;

/** One collector with its history. Whatever it does, throw or dawdle, costs its own metric only. */
export class IsolatedCollector<Name extends MetricName, Reading> {
  readonly #collector: Collector<Name, Reading>;
  readonly #clock: Clock;
  readonly #window: SlidingWindow<Timed<Reading>>;
  #current: Metric<Name> = unavailable('warming-up', 'nothing was sampled yet');
  #durationMs = 0;
  #asleepUntilMs = Number.NEGATIVE_INFINITY;

  constructor(collector: Collector<Name, Reading>, clock: Clock, windowMs: number) {
    this.#window = new SlidingWindow(windowMs);
    this.#collector = collector;
    this.#clock = clock;
  }

  get name(): Name {
    return this.#collector.name;
  }

  get current(): Metric<Name> {
    return this.#current;
  }

  /** How long the last reading took. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** The metric cannot be read for a reason that lies outside of the collector. */
  skip(reason: Unavailable): void {
    this.#fail(reason);
  }

  sample(nowMs: number): void {
    if (nowMs < this.#asleepUntilMs) return;
    // Three quarters, because timers come a little early or late.
    this.#asleepUntilMs = nowMs + (this.#collector.everyMs ?? 0) * 0.75;
    const startMs = this.#clock.monotonicMs();
    try {
      const result = this.#collector.read(nowMs);
      this.#durationMs = this.#clock.monotonicMs() - startMs;
      if (this.#durationMs > slowMs) this.#sleep(nowMs);
      else if (result.ok) this.#current = this.#compute({ atMs: startMs, reading: result.value });
      else this.#fail(result.error);
    } catch (error) {
      this.#durationMs = this.#clock.monotonicMs() - startMs;
      this.#fail(unavailable('failed', error instanceof Error ? error.message : String(error)));
    }
  }

  #compute(last: Timed<Reading>): Metric<Name> {
    return this.#collector.compute({ first: this.#window.add(last), last });
  }

  #sleep(nowMs: number): void {
    this.#asleepUntilMs = nowMs + backOffFactor * this.#durationMs;
    this.#fail(unavailable('failed', `reading took ${Math.round(this.#durationMs)} ms, over ${slowMs} ms`));
  }

  /** After a gap rates begin anew: the counters may be those of another process. */
  #fail(reason: Unavailable): void {
    this.#window.clear();
    this.#current = reason;
  }
}
