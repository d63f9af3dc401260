import type { HaproxyControl, ServerState, StatRow } from '../../haproxy/runtime-api.ts';
import type { Exclusion } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { haproxyReply } from '../../shared/contract/problems/haproxy-socket.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { exclusionOf, serverRows, takesRequests } from './rotation.ts';
import { type Counters, countersOf } from './traffic.ts';

/** One server as HAProxy has it now. */
export interface ServerView {
  readonly server: string;
  /** IP address, or empty where HAProxy has none. */
  readonly address: string;
  readonly port: number | null;
  /** Whether HAProxy sends it requests while its weight is above 0. */
  readonly takesRequests: boolean;
  readonly haproxyStatus: string;
  readonly exclusion: Exclusion | null;
  readonly configuredWeight: number;
  readonly currentWeight: number;
  readonly upForMs: number | null;
  readonly counters: Counters;
  readonly inFlight: number;
}

export interface BackendView {
  readonly backend: string;
  readonly algorithm: string | null;
  readonly servers: readonly ServerView[];
}

/** Reads one backend: two commands, one after the other. */
export async function readBackend(
  api: Pick<HaproxyControl, 'servers' | 'stats'>,
  backend: string,
): Promise<Result<BackendView, Problem>> {
  const states = await api.servers(backend);
  if (!states.ok) return states;
  const stats = await api.stats(backend);
  if (!stats.ok) return stats;
  return joinBackend(backend, states.value, stats.value);
}

/** The two replies as one view. A server that came or went between the two is left out until the next tick. Pure. */
export function joinBackend(
  backend: string,
  states: readonly ServerState[],
  stats: readonly StatRow[],
): Result<BackendView, Problem> {
  const whole = stats.find(({ kind }) => kind === 'backend');
  if (whole === undefined) {
    return err(haproxyReply(`backend ${backend}`, 'HAProxy lists servers but not their backend'));
  }
  const rows = serverRows(stats);
  const servers = states.flatMap((state): ServerView[] => {
    const row = rows.get(state.server);
    if (row === undefined) return [];
    return [
      {
        server: state.server,
        address: state.address ?? '',
        port: state.port,
        takesRequests: takesRequests(row),
        haproxyStatus: row.status,
        exclusion: exclusionOf(state, row),
        configuredWeight: state.configuredWeight,
        currentWeight: state.weight,
        upForMs: state.upForMs,
        counters: countersOf(row),
        inFlight: row.currentSessions,
      },
    ];
  });
  return ok({ backend, algorithm: whole.algorithm, servers });
}
