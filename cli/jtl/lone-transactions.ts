import type { JtlSample } from './sample.ts';

/** Most threads that are known at a time. */
const maxKnown = 10_000;

interface Thread {
  /** When its latest request or transaction began, in ms; null: none yet. */
  lastMs: number | null;
  /** A transaction of which no request has been seen: in a sorted file they come after it. */
  open: JtlSample | null;
}

/**
 * Finds transactions whose requests the file does not have: with *Generate parent sample*, JMeter before version 5 writes only
 * the transaction. Such a transaction stands for its requests, so it becomes a request: else its failure would vanish. Without
 * `threadName` none can be found.
 */
export class LoneTransactions {
  readonly #threads = new Map<string, Thread>();

  /** The sample, and a transaction before it that is judged now. */
  *add(sample: JtlSample): Generator<JtlSample> {
    const { thread: name, sentAtMs, elapsedMs, isTransaction } = sample;
    if (name === '' || sentAtMs === null || elapsedMs === null) {
      yield sample;
      return;
    }
    if (this.#threads.size > maxKnown) yield* this.end();
    const thread = this.#threads.get(name) ?? { lastMs: null, open: null };
    this.#threads.set(name, thread);
    if (thread.open !== null) {
      yield isWithin(sentAtMs, thread.open) ? thread.open : asRequest(thread.open);
      thread.open = null;
    }
    const isOpen = isTransaction && (thread.lastMs === null || !isWithin(thread.lastMs, sample));
    thread.lastMs = sentAtMs;
    if (isOpen) thread.open = sample;
    else yield sample;
  }

  /** Those whose requests never came. */
  *end(): Generator<JtlSample> {
    for (const { open } of this.#threads.values()) if (open !== null) yield asRequest(open);
    this.#threads.clear();
  }
}

/** What begins as it ends is the thread's next request. */
function isWithin(atMs: number, { sentAtMs, elapsedMs }: JtlSample): boolean {
  return sentAtMs !== null && elapsedMs !== null && atMs >= sentAtMs && atMs < sentAtMs + Math.max(1, elapsedMs);
}

function asRequest(transaction: JtlSample): JtlSample {
  return { ...transaction, isTransaction: false };
}
