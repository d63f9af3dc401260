import { sum } from '../../shared/math/statistics.ts';
import { requestsAt, steadyTimes } from '../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../testbed/rig/load/open-loop.ts';
import type { Outcome } from '../../testbed/rig/load/outcome.ts';
import { until } from './until.ts';

/** What clients saw of some requests. */
export interface Seen {
  /** Answers of 200 by the server that gave them. */
  readonly served: ReadonlyMap<string, number>;
  /** The others, by HTTP status; 0 where the connection broke, -1 where the client gave up waiting. */
  readonly failed: ReadonlyMap<number, number>;
}

/** Requests that were cut short by the end of the load count as nothing. */
export class SeenCounter implements Seen {
  readonly served = new Map<string, number>();
  readonly failed = new Map<number, number>();

  add({ server, status, failure }: Outcome): void {
    if (failure === null) count(this.served, String(server));
    else if (failure !== 'stopped') count(this.failed, status ?? (failure === 'deadline' ? -1 : 0));
  }
}

/** Far longer than HAProxy waits for a server: what ends a request is HAProxy's word. */
const patienceMs = 60_000;

/** A request every few ms for as long as the test needs it, whatever became of those before. */
export class Load implements AsyncDisposable {
  readonly seen = new SeenCounter();
  readonly #stop = new AbortController();
  readonly #loop: OpenLoop;

  constructor(port: number, everyMs: number, path = '/') {
    this.#loop = new OpenLoop({
      targets: [{ host: '127.0.0.1', port }],
      requests: requestsAt(steadyTimes(1_000 / everyMs), path),
      deadlineMs: patienceMs,
      signal: this.#stop.signal,
      onOutcome: (outcome) => this.seen.add(outcome),
    });
  }

  /** Resolves after this many more answers. */
  async answers(count: number): Promise<void> {
    const served = () => sum([...this.seen.served.values()]);
    const before = served();
    await until(`${count} answers`, () => served() >= before + count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop.done;
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
