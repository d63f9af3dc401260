import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../../shared/contract/status.ts';
import type { HaproxyProcess } from '../../../../testbed/rig/haproxy-process.ts';

/** Backend web as HAProxy itself had it at one moment, of `performance.now()` in ms. */
export interface Sample {
  readonly atMs: number;
  readonly servers: readonly {
    readonly server: string;
    readonly weight: number;
    /** HAProxy sends it new requests unless its weight is 0: it runs, and no operator took it out. */
    readonly inRotation: boolean;
  }[];
}

const everyMs = 50;

/**
 * Looks at HAProxy and at the controller all the time: HAProxy's weights twenty times a second, the controller's status
 * once a tick. HAProxy is asked at a socket of its own, which no fault touches.
 */
export class Timeline implements AsyncDisposable {
  readonly samples: Sample[] = [];
  /** The controller's status after each of its ticks. */
  readonly ticks: Status[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<unknown>;

  constructor(haproxy: HaproxyProcess, status: () => Promise<Status>) {
    this.#done = Promise.all([this.#watchHaproxy(haproxy), this.#watchController(status)]);
  }

  /** Moments at which HAProxy had a server that could answer but only weights of 0: a 503 for every client. */
  get outages(): readonly Sample[] {
    return this.samples.filter(({ servers }) => {
      const open = servers.filter(({ inRotation }) => inRotation);
      return open.length > 0 && open.every(({ weight }) => weight === 0);
    });
  }

  /** Ticks that a controller finished since one had this number. */
  since(tick: number): readonly Status[] {
    return this.ticks.filter(({ ticks }) => ticks > tick);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #watchHaproxy({ api }: HaproxyProcess): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const states = await api.servers('web');
      // while HAProxy restarts there is nothing to see
      if (states.ok) {
        const servers = states.value.map(({ server, weight, operationalState, adminState }) => {
          const isUp = operationalState === 'running' || operationalState === 'starting';
          return { server, weight, inRotation: isUp && !adminState.maintenance && !adminState.drain };
        });
        this.samples.push({ atMs: performance.now(), servers });
      }
      await delay(everyMs);
    }
  }

  async #watchController(status: () => Promise<Status>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const seen = await status().catch(() => null);
      const last = this.ticks.at(-1);
      if (seen !== null && (seen.ticks !== last?.ticks || seen.startedAtMs !== last.startedAtMs)) this.ticks.push(seen);
      await delay(everyMs);
    }
  }
}
