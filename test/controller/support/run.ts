import { type DecideInput, type DecideState, decide, initialDecideState } from '../../../controller/decide/decide.ts';
import type { Decision } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import { input, observed, type ServerSketch } from './build.ts';

/** A backend whose weights follow the decisions, as HAProxy's do: for tests over several ticks. */
export class Backend {
  weights: Map<string, number>;
  #state: DecideState;
  readonly #changes: Partial<DecideInput>;

  constructor(weights: Readonly<Record<string, number>>, changes: Partial<DecideInput> = {}) {
    this.weights = new Map(Object.entries(weights));
    this.#changes = changes;
    this.#state = initialDecideState(input([], changes).policy);
  }

  /** One tick: every server calm but for what the sketches say. */
  tick(sketches: Readonly<Record<string, ServerSketch>> = {}): Map<string, Decision> {
    const observations = [...this.weights].map(([server, currentWeight]): Observation => {
      return observed(server, { currentWeight, ...sketches[server] });
    });
    const outcome = decide(input(observations, this.#changes), this.#state);
    this.#state = outcome.state;
    for (const { server, weight, write } of outcome.decisions) if (write) this.weights.set(server, weight);
    return new Map(outcome.decisions.map((decision) => [decision.server, decision]));
  }

  ticks(count: number, sketches: Readonly<Record<string, ServerSketch>> = {}): Map<string, Decision> {
    let last = this.tick(sketches);
    for (let tick = 1; tick < count; tick += 1) last = this.tick(sketches);
    return last;
  }

  weight(server: string): number {
    return this.weights.get(server) ?? Number.NaN;
  }
}

export function reasonCodes(decision: Decision | undefined): string[] {
  return decision?.reasons.map(({ code }) => code) ?? [];
}
