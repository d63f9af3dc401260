import type { Problem } from '../../../shared/contract/problem.ts';
import { peerStands } from '../../../shared/contract/problems/peer.ts';
import type { Result } from '../../../shared/contract/result.ts';
import type { BackendTraffic, ControllerTraffic, CountingHaproxy } from '../../../shared/contract/traffic.ts';
import type { PeerSource } from './peer-client.ts';
import { ratesBetween, type ServerRates } from './rates.ts';

/** A peer that took longer than this to answer is not waited for at the next tick, in ms. */
const promptMs = 100;
/** Two ticks of the peer and this, in ms: one lost answer is bridged, two are not. */
const graceMs = 1_000;

/** The newest reading of a backend, and what happened before it. */
interface Held {
  readonly reading: BackendTraffic;
  /** When it first came, on our own monotonic clock, in ms. */
  readonly cameAtMs: number;
  /** Up to it from the reading before; null: there was none. */
  readonly rates: readonly ServerRates[] | null;
}

/** One other controller: what it told last. Only differences of its own counters count, while it is the same process of both. */
export class Peer {
  readonly url: string;
  readonly #source: PeerSource;
  readonly #nowMs: () => number;
  #asking: Promise<void> | null = null;
  #lastTookMs = 0;
  #failures = 0;
  #failure: Problem | null = null;
  #told: ControllerTraffic | null = null;
  #held: ReadonlyMap<string, Held> = new Map();

  constructor(url: string, source: PeerSource, nowMs: () => number) {
    this.url = url;
    this.#source = source;
    this.#nowMs = nowMs;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Of the last answer that could be used; null: there was none. */
  get instance(): string | null {
    return this.#told?.instance ?? null;
  }

  get haproxy(): CountingHaproxy | null {
    return this.#told?.haproxy ?? null;
  }

  /** Before it is asked: whether its last answer came so soon that a tick may wait for the next one. */
  get isPrompt(): boolean {
    return this.#asking === null && this.#lastTookMs <= promptMs;
  }

  /** Resolves when it has answered. One question at a time: while one is under way, that one. */
  ask(stopped?: AbortSignal): Promise<void> {
    this.#asking ??= this.#ask(stopped).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Why it does not count now; null: it does. */
  problemAt(nowMs: number): Problem | null {
    const newest = Math.max(...[...this.#held.values()].map(({ cameAtMs }) => cameAtMs));
    if (this.#failure !== null) return nowMs - newest <= this.#bridgedMs ? null : this.#failure;
    if (this.#told === null || nowMs - newest <= this.#bridgedMs) return null;
    return Number.isFinite(newest) ? peerStands(this.url, (nowMs - newest) / 1_000) : null;
  }

  /** What its HAProxy does with the servers of a backend; null: it does not tell, or told long ago. */
  ratesOf(backend: string): readonly ServerRates[] | null {
    const held = this.#held.get(backend);
    return held === undefined || this.#nowMs() - held.cameAtMs > this.#bridgedMs ? null : held.rates;
  }

  /** How long a reading counts, in ms. */
  get #bridgedMs(): number {
    return 2 * (this.#told?.periodMs ?? 0) + graceMs;
  }

  async #ask(stopped?: AbortSignal): Promise<void> {
    const startedMs = this.#nowMs();
    const answer = await this.#source.fetch(this.url, stopped);
    if (stopped?.aborted === true) return;
    const nowMs = this.#nowMs();
    this.#lastTookMs = nowMs - startedMs;
    const taken = answer.ok ? this.#take(answer.value, nowMs) : answer;
    this.#failure = taken.ok ? null : taken.error;
    if (!taken.ok) this.#failures += 1;
  }

  #take(told: ControllerTraffic, nowMs: number): Result<null, Problem> {
    const isContinued = isSameCounting(this.#told, told);
    const held = new Map<string, Held>();
    for (const reading of told.backends) {
      const before = isContinued ? this.#held.get(reading.backend) : undefined;
      const next = this.#next(before, reading, nowMs);
      if (!next.ok) {
        // nothing of an answer that cannot be is believed, nor what it told before
        this.#held = new Map();
        this.#told = null;
        return next;
      }
      held.set(reading.backend, next.value);
    }
    this.#held = held;
    this.#told = told;
    return { ok: true, value: null };
  }

  #next(before: Held | undefined, reading: BackendTraffic, nowMs: number): Result<Held, Problem> {
    const first: Held = { reading, cameAtMs: nowMs, rates: null };
    if (before === undefined || reading.readAtMs < before.reading.readAtMs) return { ok: true, value: first };
    if (reading.readAtMs === before.reading.readAtMs) return { ok: true, value: before };
    // what happened meanwhile would be spread over a long time
    if (nowMs - before.cameAtMs > this.#bridgedMs) return { ok: true, value: first };
    const rates = ratesBetween(this.url, before.reading, reading);
    if (!rates.ok) return rates;
    return { ok: true, value: rates.value === null ? before : { reading, cameAtMs: nowMs, rates: rates.value } };
  }
}

/** Whether the same controller tells of the same HAProxy: only then its totals go on. */
function isSameCounting(before: ControllerTraffic | null, now: ControllerTraffic): boolean {
  const [one, other] = [before?.haproxy, now.haproxy];
  if (before === null || one === null || one === undefined || other === null) return false;
  return before.instance === now.instance && one.pid === other.pid && one.startedAtSeconds === other.startedAtSeconds;
}
