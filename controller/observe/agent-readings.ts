import type { AgentReading, Utilisations } from '../../contract/observation.ts';
import { formatProblem, type Problem } from '../../contract/problem.ts';
import type { Result } from '../../contract/result.ts';
import type { Snapshot } from '../../contract/snapshot.ts';
import type { QueuePart } from '../config/schema.ts';

/** The newest usable snapshot of one server. */
export interface HeldSnapshot {
  readonly snapshot: Snapshot;
  /** The controller's monotonic clock when it came, in ms. */
  readonly receivedAtMs: number;
}

export interface ReadingOptions {
  /** Older than this, in ms, a snapshot is no verdict. */
  readonly staleAfterMs: number;
  readonly tcpQueueParts: readonly QueuePart[];
}

/** The snapshot that counts after this tick's answer: the new one, else the one before while it is young enough. */
export function holdSnapshot(
  answer: Result<Snapshot, Problem>,
  before: HeldSnapshot | null,
  nowMs: number,
): HeldSnapshot | null {
  return answer.ok ? { snapshot: answer.value, receivedAtMs: nowMs } : before;
}

/**
 * What a held snapshot is worth now. Its age is the agent's own (by its monotonic clock) plus the time since it came:
 * wall clocks, which may disagree by minutes, have no part in it.
 */
export function readingOf(
  held: HeldSnapshot | null,
  failure: Problem | null,
  nowMs: number,
  options: ReadingOptions,
): AgentReading {
  const ageMs = held === null ? null : held.snapshot.ageMs + nowMs - held.receivedAtMs;
  if (held !== null && ageMs !== null && ageMs <= options.staleAfterMs) {
    const { effectiveCores } = held.snapshot;
    return { state: 'fresh', ageMs, utilisation: utilisationOf(held.snapshot, options.tcpQueueParts), effectiveCores };
  }
  if (failure !== null) return { state: 'stale', ageMs, code: failure.code, detail: formatProblem(failure) };
  const detail = `its snapshot is ${Math.round(ageMs ?? 0)} ms old; at most ${options.staleAfterMs} ms counts`;
  return { state: 'stale', ageMs, code: 'agent-stale', detail };
}

/** Of the TCP queues only the parts that the configuration names count. */
function utilisationOf({ metrics }: Snapshot, parts: readonly QueuePart[]): Utilisations {
  const of = (metric: { status: 'ok'; utilisation: number } | { status: 'unavailable' }) =>
    metric.status === 'ok' ? metric.utilisation : null;
  const { tcpQueues } = metrics;
  return {
    cpu: of(metrics.cpu),
    ram: of(metrics.ram),
    bandwidth: of(metrics.bandwidth),
    threads: of(metrics.threads),
    tcpQueues: tcpQueues.status === 'ok' ? Math.max(0, ...parts.map((part) => tcpQueues.raw[part]?.ratio ?? 0)) : null,
  };
}
