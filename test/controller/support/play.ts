import { type DecideInput, type DecideState, decide, initialDecideState } from '../../../controller/decide/decide.ts';
import type { Orders } from '../../../controller/decide/orders.ts';
import { sharesInRotation } from '../../../controller/decide/shares.ts';
import type { Decision } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy } from '../../../shared/contract/policy.ts';
import { input, observed, type ServerSketch } from './build.ts';
import { Looks } from './looks.ts';

export interface Tick {
  readonly observations: readonly Observation[];
  readonly elapsedMs: number;
}

/** One tick as it was played: what went in, what came out. */
export interface Played {
  readonly input: DecideInput;
  readonly before: DecideState;
  readonly decisions: readonly Decision[];
  readonly orders: Orders;
  readonly after: DecideState;
}

/** Ticks through the real `decide`, each with the weights that the one before left behind, as HAProxy has them. */
class Player {
  readonly weights: Map<string, number>;
  state: DecideState;
  readonly #changes: Partial<DecideInput>;
  readonly #looks: Looks | null;

  constructor(
    changes: Partial<DecideInput>,
    weights: Readonly<Record<string, number>> = {},
    looks: Looks | null = null,
  ) {
    this.#looks = looks;
    this.weights = new Map(Object.entries(weights));
    this.#changes = changes;
    this.state = initialDecideState(input([], changes).policy);
  }

  tick({ observations, ...changes }: Pick<Tick, 'observations'> & Partial<Tick>): Played {
    const weighed = observations.map((each) => ({
      ...each,
      currentWeight: this.weights.get(each.server) ?? each.currentWeight,
    }));
    const { algorithm, elapsedMs, guard } = input([], { ...this.#changes, ...changes });
    const seen = this.#looks?.see(weighed, { algorithm, elapsedMs, settings: guard }) ?? weighed;
    const asked = input(seen, { ...this.#changes, ...changes });
    const before = this.state;
    const { decisions, orders, state } = decide(asked, before);
    if (this.#looks !== null) this.#looks.orders = orders;
    for (const { server, weight } of decisions) this.weights.set(server, weight);
    this.state = state;
    return { input: asked, before, decisions, orders, after: state };
  }
}

/** Plays ticks that are known beforehand; `between` may change what is remembered. */
export function play(
  ticks: readonly Tick[],
  policy: Policy,
  changes: Partial<DecideInput> = {},
  between: (state: DecideState) => DecideState = (state) => state,
): Played[] {
  const player = new Player({ ...changes, policy });
  return ticks.map((tick) => {
    const played = player.tick(tick);
    player.state = between(played.after);
    return played;
  });
}

/** A backend that is played tick by tick, with one look at each: every server is calm but for what the sketches say. */
export class Backend {
  readonly #player: Player;

  constructor(weights: Readonly<Record<string, number>>, changes: Partial<DecideInput> = {}) {
    this.#player = new Player(changes, weights, new Looks());
  }

  get weights(): Map<string, number> {
    return this.#player.weights;
  }

  tick(sketches: Readonly<Record<string, ServerSketch>> = {}): Map<string, Decision> {
    const observations = [...this.weights.keys()].map((server) => observed(server, sketches[server]));
    const { decisions } = this.#player.tick({ observations });
    return new Map(decisions.map((decision) => [decision.server, decision]));
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

export function inRotation({ input: { observations } }: Played): readonly Observation[] {
  return observations.filter(({ exclusion }) => exclusion === null);
}

export function decisionOf(played: Played | undefined, server: string): Decision | undefined {
  return played?.decisions.find((decision) => decision.server === server);
}

export function reasonCodes(decision: Decision | undefined): string[] {
  return decision?.reasons.map(({ code }) => code) ?? [];
}

/** 0 to 1; 0 for a server out of rotation. */
export function shareOf({ input: { observations }, decisions }: Played, server: string): number {
  return sharesInRotation(observations, decisions).get(server) ?? 0;
}
