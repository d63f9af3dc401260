import type { Config } from '../config/schema.ts';

/** Exchanges with HAProxy in a tick of one backend: two to read, and weights in as many as a large backend takes. */
const exchangesPerBackend = 4;
/** A machine that is short of CPU takes longer than the deadlines say. */
const margin = 2;

/**
 * How long it may take from one finished tick to the next where every exchange takes as long as its deadline lets it, in
 * ms. Beyond that something hangs that no deadline ends: a defect of ours, for a watchdog.
 */
export function longestTurnMs({ periodMs, backends, haproxy, agents }: Config): number {
  const perBackendMs = exchangesPerBackend * haproxy.timeoutMs + agents.timeoutMs;
  return margin * (periodMs + haproxy.timeoutMs + backends.length * perBackendMs);
}
