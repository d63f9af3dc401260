import type { HaproxyControl, ServerState, StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { serverRows, whyNotOurs } from '../observe/rotation.ts';

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
export async function restore(api: HaproxyControl, backend: string): Promise<Result<number, Problem>> {
  const [states, stats] = [await api.servers(backend), await api.stats(backend)];
  if (!states.ok) return states;
  if (!stats.ok) return stats;
  return await send(api, backend, restoreChanges(states.value, stats.value));
}

/** For servers that are ours, in rotation or not, and whose weight is not the configured one. Pure. */
export function restoreChanges(states: readonly ServerState[], stats: readonly StatRow[]): WeightChange[] {
  const rows = serverRows(stats);
  return states.flatMap((state) => {
    const { server, weight, configuredWeight } = state;
    const row = rows.get(server);
    // without a row it went between the two replies
    const isOurs = row !== undefined && whyNotOurs(state, row) === null;
    return isOurs && weight !== configuredWeight ? [{ server, weight: configuredWeight }] : [];
  });
}

async function send(api: HaproxyControl, backend: string, changes: readonly WeightChange[]) {
  if (changes.length === 0) return ok(0);
  const sent = await api.setWeights(backend, changes);
  return sent.ok ? ok(changes.length) : err(sent.error);
}
