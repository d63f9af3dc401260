import type { HaproxyControl, ServerState, StatRow } from '../../haproxy/runtime-api.ts';
import type { Exclusion } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { backendDisabled, serverStateUnknown, serverUnreadable } from '../../shared/contract/problems/backend.ts';
import { haproxyReply } from '../../shared/contract/problems/haproxy-socket.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { type FoundWeights, findWeights } from './found-weights.ts';
import { type BackendQueue, queueOf } from './queue.ts';
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
  /** The weight to give it back; see `Observation`. */
  readonly configuredWeight: number;
  readonly currentWeight: number;
  readonly upForMs: number | null;
  readonly counters: Counters;
  readonly inFlight: number;
  /** `maxconn`; null: none. */
  readonly limit: number | null;
  /** Of the requests that wait in HAProxy for any server, its part by weight. */
  readonly waiting: number;
}

export interface BackendView {
  readonly backend: string;
  readonly algorithm: string | null;
  /** Whether HAProxy counts requests and answers; false in tcp mode, and where it does not say. */
  readonly isHttp: boolean;
  /** From so many requests in flight on, limits with a `minconn` are whole; null: HAProxy does not say. */
  readonly fullconn: number | null;
  readonly servers: readonly ServerView[];
  readonly queue: BackendQueue;
  /** What is odd about single servers, by name; the others go on. */
  readonly problems: ReadonlyMap<string, Problem>;
  /** The SRV records that servers come from, by name of the server. */
  readonly srvRecords: ReadonlyMap<string, string>;
  /** Servers that the configuration keeps at 0 and that are in service. */
  readonly found: FoundWeights;
}

/** What is known from the ticks before: see `findWeights`. */
export interface Known {
  readonly found: FoundWeights | null;
  readonly decided: ReadonlyMap<string, number>;
}

const nothingKnown: Known = { found: null, decided: new Map() };

/** Reads one backend: two commands, one after the other. */
export async function readBackend(
  api: Pick<HaproxyControl, 'servers' | 'stats'>,
  backend: string,
  known = nothingKnown,
): Promise<Result<BackendView, Problem>> {
  const states = await api.servers(backend);
  if (!states.ok) return states;
  const stats = await api.stats(backend);
  // the first reply knows the backend
  if (!stats.ok) return stats.error.code === 'backend-missing' ? err(backendDisabled(backend)) : stats;
  return joinBackend(backend, states.value, stats.value, known);
}

/** The two replies as one view. A server that came or went between the two is left out until the next tick. Pure. */
export function joinBackend(
  backend: string,
  states: readonly ServerState[],
  stats: readonly StatRow[],
  known = nothingKnown,
): Result<BackendView, Problem> {
  const whole = stats.find(({ kind }) => kind === 'backend');
  if (whole === undefined) {
    return err(haproxyReply(`backend ${backend}`, 'HAProxy lists servers but not their backend'));
  }
  if (whole.fault !== undefined) return err(haproxyReply(`backend ${backend}`, `its row is invalid: ${whole.fault}`));
  const rows = serverRows(stats);
  const found = findWeights(states, known.found, known.decided);
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
        exclusion: exclusionOf(state, row, found.get(state.server)?.isOurZero),
        configuredWeight: found.get(state.server)?.weight ?? state.configuredWeight,
        currentWeight: state.weight,
        upForMs: state.upForMs,
        counters: countersOf(row),
        inFlight: row.currentSessions,
        limit: row.limit,
        waiting: waitingPart(row, whole),
      },
    ];
  });
  const problems = new Map(states.flatMap((state) => oddityOf(backend, state, rows.get(state.server))));
  const srvRecords = new Map(
    states.flatMap(({ server, srvRecord }): [string, string][] =>
      srvRecord === undefined ? [] : [[server, srvRecord]],
    ),
  );
  const { algorithm, mode, limit: fullconn } = whole;
  return ok({
    backend,
    algorithm,
    isHttp: mode === 'http',
    fullconn,
    servers,
    queue: queueOf(stats),
    problems,
    srvRecords,
    found,
  });
}

function waitingPart(row: StatRow, whole: StatRow): number {
  return takesRequests(row) && whole.weight > 0 ? Math.round((whole.queued * row.weight) / whole.weight) : 0;
}

function oddityOf(backend: string, { server, fault, unknownBits }: ServerState, row?: StatRow): [string, Problem][] {
  const unreadable = fault ?? row?.fault;
  if (unreadable !== undefined) return [[server, serverUnreadable(backend, server, unreadable)]];
  return unknownBits === undefined ? [] : [[server, serverStateUnknown(backend, server, unknownBits)]];
}
