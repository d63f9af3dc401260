import { tickFailed } from '../../shared/contract/problems/backend.ts';
import type { LooksStatus } from '../../shared/contract/status.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { BackendLoop } from './backend-loop.ts';
import { type LookPace, lookCostMs, lookPaceAfter, nextLookMs } from './look-pace.ts';

/** All backends between ticks, one after the other, and how often that may be. */
export class Looks {
  readonly #backends: readonly BackendLoop[];
  readonly #events: EventLog;
  readonly #nowMs: () => number;
  #pace: LookPace = [];
  #isLooking = false;
  #status: LooksStatus | null = null;

  /** `nowMs` is a monotonic clock. */
  constructor(backends: readonly BackendLoop[], events: EventLog, nowMs: () => number) {
    this.#backends = backends;
    this.#events = events;
    this.#nowMs = nowMs;
  }

  /** null before the first. */
  get status(): LooksStatus | null {
    return this.#status;
  }

  /** Returns how many weights were written, and after how long, in ms, the next look is due. null: one is under way. */
  async look(): Promise<{ readonly written: number; readonly dueMs: number } | null> {
    if (this.#isLooking) return null;
    this.#isLooking = true;
    const startedMs = this.#nowMs();
    let written = 0;
    try {
      for (const backend of this.#backends) written += await this.#lookAt(backend);
    } finally {
      this.#isLooking = false;
    }
    this.#pace = lookPaceAfter(this.#pace, this.#nowMs() - startedMs);
    const isProbing = this.#backends.some((backend) => backend.isProbing);
    const dueMs = nextLookMs(this.#pace, isProbing);
    this.#status = { count: (this.#status?.count ?? 0) + 1, costMs: lookCostMs(this.#pace), everyMs: dueMs };
    return { written, dueMs };
  }

  /** A defect costs this backend a look, and the others nothing. */
  async #lookAt(backend: BackendLoop): Promise<number> {
    try {
      return await backend.look();
    } catch (error) {
      const { backend: name } = backend.last;
      this.#events.report('look failed', { backend: name }, tickFailed(name, error));
      return 0;
    }
  }
}
