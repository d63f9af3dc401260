import type { JtlSample } from './sample.ts';

/** Most threads that are known at a time, or labels where the file names no threads. */
const maxKnown = 10_000;
/** Most lines that wait for their parent; JMeter downloads six resources at a time. */
const maxWaiting = 50;

/** Of what a thread did last. */
interface Known {
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  /** How many of its sub-results were found. */
  found: number;
}

interface Thread {
  last: Known | null;
  /** Named like sub-results, not yet known to be some: in a sorted file the parent may come after them. */
  waiting: JtlSample[];
}

export interface Judged {
  readonly sample: JtlSample;
  readonly isSubResult: boolean;
}

/**
 * Tells redirects and embedded resources from requests. JMeter writes them after the request that they are parts of, within
 * its time and of its thread, as NAME-0, NAME-1 or, before JMeter 5, under their URL. A thread sends one request at a time, so
 * requests that are only named like that lie one after the other.
 */
export class SubResults {
  readonly #threads = new Map<string, Thread>();

  /** The sample, and earlier ones that waited, in the file's order. */
  *add(sample: JtlSample): Generator<Judged> {
    const { sentAtMs, elapsedMs, isTransaction } = sample;
    if (sentAtMs === null || elapsedMs === null || isTransaction) {
      yield { sample, isSubResult: false };
      return;
    }
    if (this.#threads.size > maxKnown) yield* this.end();
    const thread = this.#threadOf(sample);
    if (isPart(sample, sentAtMs, elapsedMs, thread.last)) {
      yield { sample, isSubResult: true };
      return;
    }
    const known = { label: sample.label, startMs: sentAtMs, endMs: sentAtMs + elapsedMs, found: 0 };
    yield* release(thread, known);
    thread.last = known;
    if (numbered.test(sample.label)) thread.waiting.push(sample);
    else yield { sample, isSubResult: false };
  }

  /** Those that still wait. */
  *end(): Generator<Judged> {
    for (const thread of this.#threads.values()) yield* release(thread, null);
    this.#threads.clear();
  }

  #threadOf({ thread, label }: JtlSample): Thread {
    const key = thread === '' ? label.replace(/(?:-\d+)+$/, '') : thread;
    const known = this.#threads.get(key);
    if (known !== undefined) return known;
    const fresh = { last: null, waiting: [] };
    this.#threads.set(key, fresh);
    return fresh;
  }
}

const numbered = /-\d+$/;

/** What waits begins with its parent: with another start it is a request. */
function* release(thread: Thread, parent: Known | null): Generator<Judged> {
  if (thread.waiting.length === 0) return;
  const { waiting } = thread;
  thread.waiting = [];
  for (const sample of waiting) {
    const { sentAtMs, elapsedMs } = sample;
    const isSubResult = sentAtMs !== null && elapsedMs !== null && isPart(sample, sentAtMs, elapsedMs, parent);
    const mayWait = parent !== null && sentAtMs === parent.startMs && waiting.length < maxWaiting;
    if (isSubResult || !mayWait) yield { sample, isSubResult };
    else thread.waiting.push(sample);
  }
}

function isPart({ label }: JtlSample, startMs: number, elapsedMs: number, parent: Known | null): boolean {
  if (parent === null || startMs < parent.startMs || startMs + elapsedMs > parent.endMs + 1) return false;
  // a part that took no time may begin when its parent ends
  const begins = startMs < parent.endMs || (parent.found > 0 && startMs === parent.endMs);
  if (!begins || !isNamedAsPart(label, parent.label)) return false;
  parent.found += 1;
  return true;
}

function isNamedAsPart(label: string, parent: string): boolean {
  if (label.startsWith(`${parent}-`)) return /^(?:-\d+)+$/.test(label.slice(parent.length));
  return /^https?:\/\//i.test(label);
}
