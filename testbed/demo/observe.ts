import type { RuntimeApi, StatRow } from '../../haproxy/runtime-api.ts';
import { type MetricName, type Snapshot, snapshotSchema } from '../../shared/contract/snapshot.ts';
import { type Status, statusSchema } from '../../shared/contract/status.ts';

/** The state of the running system at one moment. A part is null if its process did not answer. */
export interface Sight {
  /** Weight in HAProxy by server, 0 to 256. */
  readonly weights: Readonly<Record<string, number>> | null;
  /** Whether every server is UP in HAProxy, without a recent failed health check. */
  readonly allUp: boolean;
  /** Requests that HAProxy has with the servers now. */
  readonly inFlight: number | null;
  /** Most requests at once that HAProxy has at a server now, by server. */
  readonly limits: Readonly<Record<string, number>> | null;
  /** Requests that wait in HAProxy for any server. */
  readonly waiting: number | null;
  readonly snapshots: Readonly<Record<string, Snapshot | null>>;
  readonly status: Status | null;
}

export interface Eyes {
  readonly haproxy: RuntimeApi;
  readonly backend: string;
  readonly agentUrls: Readonly<Record<string, string>>;
  readonly controllerUrl: string;
}

/** `minconn` of the demo's servers. */
export const leastLimit = 2;
/** Time limit of one reading, in ms. */
const lookMs = 1_000;

/** Reads HAProxy, every agent and, if it runs, the controller. Never throws. */
export async function look(eyes: Eyes, hasController: boolean): Promise<Sight> {
  const { haproxy, backend, agentUrls, controllerUrl } = eyes;
  const snapshot = async ([name, url]: [string, string]) =>
    [name, await fetchJson(`${url}/v1/snapshot`, (body) => snapshotSchema.parse(body))] as const;
  const [rows, snapshots, status] = await Promise.all([
    haproxy.stats(backend),
    Promise.all(Object.entries(agentUrls).map(snapshot)),
    hasController ? fetchJson(`${controllerUrl}/v1/status`, (body) => statusSchema.parse(body)) : null,
  ]);
  const servers = rows.ok ? rows.value.filter(({ kind }) => kind === 'server') : null;
  return {
    weights: servers === null ? null : Object.fromEntries(servers.map(({ name, weight }) => [name, weight])),
    allUp: servers?.every((row) => row.status === 'UP') ?? false,
    inFlight: servers?.reduce((sum, row) => sum + row.currentSessions + row.queued, 0) ?? null,
    limits: rows.ok ? limitsNow(rows.value) : null,
    waiting: rows.ok ? (rows.value.find(({ kind }) => kind === 'backend')?.queued ?? null) : null,
    snapshots: Object.fromEntries(snapshots),
    status,
  };
}

/** The part of what is in flight that `maxconn` is of `fullconn`; without either there is no limit. */
function limitsNow(rows: readonly StatRow[]): Readonly<Record<string, number>> {
  const whole = rows.find(({ kind }) => kind === 'backend');
  const limits = rows.flatMap(({ kind, name, limit }): [string, number][] => {
    if (kind !== 'server' || limit === null || whole === undefined || whole.limit === null) return [];
    return [[name, Math.max(leastLimit, Math.floor((whole.currentSessions * limit) / whole.limit))]];
  });
  return Object.fromEntries(limits);
}

/** A metric's utilisation, 0 to 1; null where it is unknown. */
export function utilisation(snapshot: Snapshot | null | undefined, name: MetricName): number | null {
  const metric = snapshot?.metrics[name];
  return metric?.status === 'ok' ? metric.utilisation : null;
}

/** null if there is no valid answer: the demo shows it as unknown and tries again. */
async function fetchJson<Value>(url: string, parse: (body: unknown) => Value): Promise<Value | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(lookMs) });
    return parse(await response.json());
  } catch {
    return null;
  }
}
