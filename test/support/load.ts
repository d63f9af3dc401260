import { sum } from '../../shared/math/statistics.ts';
import { requestsAt, steadyTimes } from '../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../testbed/rig/load/open-loop.ts';
import { Tally } from '../../testbed/rig/load/tally.ts';
import { until } from '../../testbed/rig/wait.ts';

/** What clients saw of some requests. */
export interface Seen {
  /** Answers of 200 by the server that gave them. */
  readonly served: ReadonlyMap<string, number>;
  /** The others, by HTTP status; 0 where the connection broke, -1 where the client gave up waiting. */
  readonly failed: ReadonlyMap<number, number>;
}

const withoutStatus = new Map([
  ['connection', 0],
  ['deadline', -1],
]);

export function seenOf({ served, failures }: Tally): Seen {
  return {
    served,
    failed: new Map([...failures].map(([kind, many]) => [withoutStatus.get(kind) ?? Number(kind), many])),
  };
}

/** Far longer than HAProxy waits for a server: what ends a request is HAProxy's word. */
const patienceMs = 60_000;

/** A request every few ms for as long as the test needs it, whatever became of those before. */
export class Load implements AsyncDisposable {
  readonly #tally = new Tally();
  readonly #stop = new AbortController();
  readonly #loop: OpenLoop;

  constructor(port: number, everyMs: number, path = '/') {
    this.#loop = new OpenLoop({
      targets: [{ host: '127.0.0.1', port }],
      requests: requestsAt(steadyTimes(1_000 / everyMs), path),
      deadlineMs: patienceMs,
      signal: this.#stop.signal,
      onOutcome: (outcome) => {
        if (outcome.failure !== 'stopped') this.#tally.add(outcome);
      },
    });
  }

  /** Since the load began. */
  get seen(): Seen {
    return seenOf(this.#tally);
  }

  /** Resolves after this many more answers. */
  async answers(count: number): Promise<void> {
    const served = () => sum([...this.#tally.served.values()]);
    const before = served();
    await until(`${count} answers`, () => served() >= before + count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop.done;
  }
}
