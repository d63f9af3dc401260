import { z } from 'zod';

/** What the controller's `GET /v1/traffic` answers, and what other controllers read: what its HAProxy counted for each server. */
export const trafficVersion = 1;

/** Where it is served. */
export const trafficPath = '/v1/traffic';

/** 10,000 servers take 1.5 MB. */
export const maxTrafficBytes = 8 * 1024 * 1024;

const mostBackends = 10_000;
const mostServers = 20_000;
const name = z.string().min(1).max(500);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Which process of HAProxy counted. */
const countingHaproxySchema = z.object({
  /** Its host's name, or that of its container; empty where it does not say. */
  node: z.string().max(500),
  pid: count,
  /** In seconds since 1970 by its own clock; null: it does not say (2.4). */
  startedAtSeconds: z.number().nonnegative().nullable(),
});

/** HAProxy's running totals of one server. */
const serverTrafficSchema = z.object({
  server: name,
  /** IP address; empty where HAProxy has none. */
  address: z.string().max(100),
  /** null where HAProxy has no port of its own for the server. */
  port: z.number().int().min(0).max(65_535).nullable(),
  /** Answers 1xx to 4xx; in tcp mode connections without an error. */
  ok: count,
  /** Answers 4xx, which are in `ok` too. */
  clientErrors: count,
  /** Requests that were sent to it. */
  started: count,
  /** Requests that it is working on: no total. */
  inFlight: count,
});

const backendTrafficSchema = z.object({
  backend: name,
  /** When HAProxy was read, in ms on the controller's own monotonic clock: only differences mean something. */
  readAtMs: z.number().nonnegative(),
  servers: z.array(serverTrafficSchema).max(mostServers),
});

/** All that one controller tells others. Fields that a newer one adds are left out. */
export const trafficSchema = z.object({
  version: z.literal(trafficVersion),
  /** Drawn by the controller when it starts: by it a controller recognises itself, and another one that started anew. */
  instance: z.string().min(8).max(100),
  periodMs: z.number().min(1).max(60_000),
  /** null: it has not read HAProxy yet. */
  haproxy: countingHaproxySchema.nullable(),
  backends: z.array(backendTrafficSchema).max(mostBackends),
});

export type CountingHaproxy = z.output<typeof countingHaproxySchema>;
export type ServerTraffic = z.output<typeof serverTrafficSchema>;
export type BackendTraffic = z.output<typeof backendTrafficSchema>;
export type ControllerTraffic = z.output<typeof trafficSchema>;

/**
 * Whether both are one process: two controllers beside it count the same requests. Where one does not say when it started, the
 * rest decides.
 */
export function isOneHaproxy(one: CountingHaproxy, other: CountingHaproxy): boolean {
  if (one.node !== other.node || one.pid !== other.pid) return false;
  const [started, otherStarted] = [one.startedAtSeconds, other.startedAtSeconds];
  return started === null || otherStarted === null || started === otherStarted;
}
