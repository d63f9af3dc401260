import type { HaproxyControl, ServerState, StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { type FoundWeights, weightToGiveBack } from '../observe/found-weights.ts';
import { serverRows, whyNotOurs } from '../observe/rotation.ts';

/** What the controller that leaves knows of the servers; `haweight restore` knows nothing. */
export interface Memory {
  readonly found: FoundWeights;
  /** Servers that it has given a weight since HAProxy started. */
  readonly written: ReadonlySet<string>;
  /** Whether only these get their weight back. */
  readonly onlyWritten?: boolean;
}

/** Sends the decisions that are to be written. What took effect is read back on the next tick. */
export async function act(
  api: HaproxyControl,
  backend: string,
  decisions: readonly Decision[],
): Promise<Result<number, Problem>> {
  const changes = decisions.filter(({ write }) => write).map(({ server, weight }) => ({ server, weight }));
  return await send(api, backend, changes);
}

/** Puts the configured weights back. Servers that are not ours keep what an operator gave them. */
export async function restore(
  api: HaproxyControl,
  backend: string,
  memory: Memory | null = null,
): Promise<Result<number, Problem>> {
  const [states, stats] = [await api.servers(backend), await api.stats(backend)];
  if (!states.ok) return states;
  if (!stats.ok) return stats;
  return await send(api, backend, restoreChanges(states.value, stats.value, memory));
}

/** For servers that are ours, in rotation or not, and whose weight is not the one to give back. Pure. */
export function restoreChanges(
  states: readonly ServerState[],
  stats: readonly StatRow[],
  memory: Memory | null = null,
): WeightChange[] {
  const rows = serverRows(stats);
  return states.flatMap((state) => {
    const { server, weight } = state;
    const row = rows.get(server);
    const found = memory?.found.get(server);
    // without a row it went between the two replies
    const reason = row === undefined ? 'gone' : whyNotOurs(state, row, found?.isOurZero);
    const isOurs = reason === null || (reason === 'agent-check' && isLeftAtZero(state, memory));
    const goal = found?.weight ?? weightToGiveBack(state, states);
    return isOurs && weight !== goal && !isOperators(state, memory) ? [{ server, weight: goal }] : [];
  });
}

/** Under agent-check since we drained it. Many agents only say `up`, and would leave it at 0; the others write theirs again. */
function isLeftAtZero({ server, weight }: ServerState, memory: Memory | null): boolean {
  return weight === 0 && memory?.written.has(server) === true;
}

/** Out of rotation, and never written by us: an operator gave it this weight. Weight 0 may be of a controller before us. */
function isOperators({ server, weight, adminState }: ServerState, memory: Memory | null): boolean {
  if (memory === null || memory.written.has(server)) return false;
  return memory.onlyWritten === true || ((adminState.maintenance || adminState.drain) && weight > 0);
}

async function send(api: HaproxyControl, backend: string, changes: readonly WeightChange[]) {
  if (changes.length === 0) return ok(0);
  const sent = await api.setWeights(backend, changes);
  return sent.ok ? ok(changes.length) : err(sent.error);
}
