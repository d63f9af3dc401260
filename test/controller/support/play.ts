import { type DecideInput, type DecideState, decide, initialDecideState } from '../../../controller/decide/decide.ts';
import { sharesInRotation } from '../../../controller/decide/shares.ts';
import type { Decision } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { Policy } from '../../../shared/contract/policy.ts';
import { input } from './build.ts';

export interface Tick {
  readonly observations: readonly Observation[];
  readonly elapsedMs: number;
}

/** One tick as it was played: what went in, what came out. */
export interface Played {
  readonly input: DecideInput;
  readonly before: DecideState;
  readonly decisions: readonly Decision[];
  readonly after: DecideState;
}

/** Plays ticks through the real `decide`, each with the weights that the one before left behind. */
export function play(
  ticks: readonly Tick[],
  policy: Policy,
  changes: Partial<DecideInput> = {},
  between: (state: DecideState) => DecideState = (state) => state,
): Played[] {
  let before = initialDecideState(policy);
  const left = new Map<string, number>();
  return ticks.map(({ observations, elapsedMs }) => {
    const seen = observations.map((each) => ({ ...each, currentWeight: left.get(each.server) ?? each.currentWeight }));
    const asked = input(seen, { ...changes, policy, elapsedMs });
    const { decisions, state } = decide(asked, before);
    for (const { server, weight } of decisions) left.set(server, weight);
    const played: Played = { input: asked, before, decisions, after: state };
    before = between(state);
    return played;
  });
}

export function inRotation({ input: { observations } }: Played): readonly Observation[] {
  return observations.filter(({ exclusion }) => exclusion === null);
}

export function decisionOf(played: Played | undefined, server: string): Decision | undefined {
  return played?.decisions.find((decision) => decision.server === server);
}

/** 0 to 1; 0 for a server out of rotation. */
export function shareOf({ input: { observations }, decisions }: Played, server: string): number {
  return sharesInRotation(observations, decisions).get(server) ?? 0;
}
