import type { AgentReading, Utilisations } from '../../shared/contract/observation.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { agentNotAsked, agentStale } from '../../shared/contract/problems/agent.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import { fullestQueue, type QueuePart, queueUtilisation } from '../../shared/contract/tcp-queues.ts';

/** The newest usable snapshot of one server. */
export interface HeldSnapshot {
  readonly snapshot: Snapshot;
  /** When its sample was taken at the latest, on the controller's monotonic clock, in ms. */
  readonly sampledAtMs: number;
  /** Whether an answer before was of the same sample. */
  readonly repeated: boolean;
}

export interface ReadingOptions {
  /** A snapshot older than this, in ms, does not count. */
  readonly staleAfterMs: number;
  readonly tcpQueueParts: readonly QueuePart[];
}

/**
 * The snapshot that counts after this tick's answer: the new one, else the one before. An answer of the same sample as
 * before cannot be younger than that was, whatever age it claims: a cache on the way, or an agent that hangs in its
 * sampling, would else keep a last value alive for ever. Every sample has another time stamp; which way the agent's wall
 * clock steps does not matter.
 */
export function holdSnapshot(
  answer: Result<Snapshot, Problem>,
  before: HeldSnapshot | null,
  nowMs: number,
): HeldSnapshot | null {
  if (!answer.ok) return before;
  const snapshot = answer.value;
  const sampledAtMs = nowMs - snapshot.ageMs;
  const repeated = before?.snapshot.takenAtMs === snapshot.takenAtMs;
  return { snapshot, repeated, sampledAtMs: repeated ? Math.min(before.sampledAtMs, sampledAtMs) : sampledAtMs };
}

/** What an agent's word is worth at a tick, and what is wrong with the agent; null while all is well. */
export interface JudgedReading {
  readonly reading: AgentReading;
  readonly problem: Problem | null;
}

/**
 * What a held snapshot is worth now; `failure` is why this tick brought no other one. Its age is the agent's own (by its
 * monotonic clock) plus the time since it came: wall clocks, which may disagree by minutes, have no part in it.
 */
export function readingOf(
  url: string,
  held: HeldSnapshot | null,
  failure: Problem | null,
  nowMs: number,
  options: ReadingOptions,
): JudgedReading {
  const ageMs = held === null ? null : nowMs - held.sampledAtMs;
  if (held !== null && ageMs !== null && ageMs <= options.staleAfterMs) {
    const { effectiveCores } = held.snapshot;
    const { tcpQueues } = held.snapshot.metrics;
    const reading: AgentReading = {
      state: 'fresh',
      ageMs,
      utilisation: utilisationOf(held.snapshot, options.tcpQueueParts),
      fullestQueue: tcpQueues.status === 'ok' ? fullestQueue(tcpQueues.raw, options.tcpQueueParts) : null,
      effectiveCores,
    };
    return { reading, problem: failure };
  }
  const problem = failure ?? agentStale(url, { ageMs, ...options, repeatedAsMs: repeatedAsMs(held, options) });
  return { reading: { state: 'stale', ageMs, code: problem.code, detail: formatProblem(problem) }, problem };
}

/** The same for a server out of rotation: its agent may be silent, which is no problem. */
export function restingReading(
  server: string,
  held: HeldSnapshot | null,
  nowMs: number,
  options: ReadingOptions,
): AgentReading {
  const { reading } = readingOf(server, held, agentNotAsked(server), nowMs, options);
  return reading;
}

/** Of an agent that repeats a sample and calls it young. One that only hangs says how old its sample is. */
function repeatedAsMs(held: HeldSnapshot | null, { staleAfterMs }: ReadingOptions): number | null {
  return held?.repeated === true && held.snapshot.ageMs <= staleAfterMs ? held.snapshot.ageMs : null;
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
    tcpQueues: tcpQueues.status === 'ok' ? queueUtilisation(tcpQueues.raw, parts) : null,
  };
}
