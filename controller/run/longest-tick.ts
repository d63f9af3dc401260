import type { Config } from '../config/schema.ts';

/** Exchanges with HAProxy in a tick of one backend: two to read, and weights in as many as a large backend takes. */
const exchangesPerBackend = 4;
/** A machine that is short of CPU takes longer than the deadlines say. */
const margin = 2;

type Deadlines = Pick<Config, 'periodMs' | 'backends'> & {
  readonly haproxy: Pick<Config['haproxy'], 'timeoutMs'>;
  readonly agents: Pick<Config['agents'], 'timeoutMs'>;
};

/**
 * The longest time from one finished tick to the next, in ms, where every exchange takes as long as its deadline allows. A
 * tick that takes longer hangs in something that no deadline ends: a defect, for a watchdog.
 */
export function longestTickMs({ periodMs, backends, haproxy, agents }: Deadlines): number {
  const haproxyMs = haproxy.timeoutMs * (1 + backends.length * exchangesPerBackend);
  // all backends' agents are asked at the same time
  return margin * (periodMs + haproxyMs + agents.timeoutMs);
}
