import type { HaproxyControl, ServerState, StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { ok, type Result } from '../../shared/contract/result.ts';
import { weightToGiveBack } from '../observe/found-weights.ts';
import { serverRows, whyNotOurs } from '../observe/rotation.ts';
import { isInForce, type LeftWeights } from './ledger.ts';

/** Sends weights. What took effect is read back on the next tick. */
export async function act(
  api: HaproxyControl,
  backend: string,
  changes: readonly WeightChange[],
): Promise<Result<number, Problem>> {
  if (changes.length === 0) return ok(0);
  const sent = await api.setWeights(backend, changes);
  return sent.ok ? ok(changes.length) : sent;
}

/** A weight that is given back. */
export interface GivenBack extends WeightChange {
  /** The weight until now. */
  readonly from: number;
  /** Whether the server is in maintenance or drained by an operator. */
  readonly isAway: boolean;
}

export interface Restored {
  readonly givenBack: readonly GivenBack[];
  /** Servers that do not have their configured weight because another writer gave them theirs. */
  readonly leftAlone: readonly string[];
}

/**
 * Puts the configured weights back: of `left`, what this controller left and is still in force. null: nobody knows, so those of
 * all servers that haweight manages.
 */
export async function restore(
  api: HaproxyControl,
  backend: string,
  left: LeftWeights | null,
): Promise<Result<Restored, Problem>> {
  const [states, stats] = [await api.servers(backend), await api.stats(backend)];
  if (!states.ok) return states;
  if (!stats.ok) return stats;
  const restored = whatToRestore(states.value, stats.value, left);
  const sent = await act(api, backend, restored.givenBack);
  return sent.ok ? ok(restored) : sent;
}

/** Servers in rotation or not, as far as they are haweight's to set. Pure. */
export function whatToRestore(
  states: readonly ServerState[],
  stats: readonly StatRow[],
  left: LeftWeights | null,
): Restored {
  const rows = serverRows(stats);
  const givenBack: GivenBack[] = [];
  const leftAlone: string[] = [];
  for (const state of states) {
    const { server, weight, adminState, configuredWeight } = state;
    const row = rows.get(server);
    // without a row it went between the two replies
    if (row === undefined) continue;
    const own = left?.get(server);
    const isOurs = isInForce(own, weight);
    const isOurZero = isOurs && weight === 0;
    // a slot in maintenance is empty again, and many agents of agent-check only say `up`, which would leave it at 0
    const reason = whyNotOurs(state, row, isOurZero && !adminState.maintenance);
    if (reason !== null && !(reason === 'agent-check' && isOurZero)) continue;
    if (left !== null && !isOurs) {
      if (configuredWeight > 0 && weight !== configuredWeight) leftAlone.push(server);
      continue;
    }
    const goal = configuredWeight > 0 ? configuredWeight : (own?.giveBack ?? weightToGiveBack(state, states));
    const isAway = adminState.maintenance || adminState.drain;
    if (weight !== goal) givenBack.push({ server, weight: goal, from: weight, isAway });
  }
  return { givenBack, leftAlone };
}
