import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Problem } from '../../shared/contract/problem.ts';
import { hadNoConnection } from '../../shared/contract/problems/agent.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import type { AgentSource } from './agent-client.ts';

/** How many are asked at once: enough to keep a core busy, few enough that their memory is still young when it is freed. */
const atOnce = 64;
/** How long an agent keeps its place, in ms: agents that hang cost the others this, and not their whole deadline. */
const patienceMs = 40;
/** The same for an agent that took longer in the round before. */
const slowPatienceMs = 5;
/** Requests that start within this time share a deadline, in ms: one for each would cost as much as a request. */
const sharedMs = 10;

/**
 * What a tick asks of agents, for all backends together. Agents that were slow in the round before wait until no other one
 * does, so that those that hang do not delay the others.
 */
export class AgentRound {
  /** Ends the round: what is under way is given up. */
  readonly stopped: AbortSignal;
  readonly #source: AgentSource;
  readonly #slowBefore: ReadonlySet<string>;
  readonly #slow = new Set<string>();
  /** By URL: the deadline under which its agent is asked. Under one deadline the source asks an agent once. */
  readonly #asked = new Map<string, Promise<AbortSignal>>();
  readonly #waiting: (() => void)[] = [];
  readonly #waitingSlow: (() => void)[] = [];
  /** Places that are taken. */
  #taken = 0;
  #deadline: { readonly signal: AbortSignal; readonly startedMs: number } | null = null;

  constructor(source: AgentSource, stopped = new AbortController().signal, before: AgentRound | null = null) {
    this.#source = source;
    this.stopped = stopped;
    this.#slowBefore = before === null ? new Set() : before.#slow;
  }

  /** What the agent at this URL says of this server. */
  async ask(url: string, server: string): Promise<Result<Snapshot, Problem>> {
    const asked = this.#asked.get(url);
    if (asked !== undefined) return await this.#source.fetch(url, server, await asked);
    const wasSlow = this.#slowBefore.has(url);
    const started = this.#place(wasSlow).then(() => this.#sharedDeadline());
    this.#asked.set(url, started);
    const deadline = await started;
    const leave = this.#leaveAfter(wasSlow ? slowPatienceMs : patienceMs);
    const startedMs = performance.now();
    const answer = await this.#source.fetch(url, server, deadline);
    leave();
    const isLate = performance.now() - startedMs > patienceMs;
    // one that had no connection comes first the next time
    if (isLate && (answer.ok || !hadNoConnection(answer.error))) this.#slow.add(url);
    return answer;
  }

  async #place(isSlow: boolean): Promise<void> {
    const queue = isSlow ? this.#waitingSlow : this.#waiting;
    // after all that are asked together with it
    if (isSlow) await nextTurn();
    if (this.#taken < atOnce || this.stopped.aborted) this.#taken += 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
  }

  /** Gives the place to the next one after this time, or when the returned function is called. */
  #leaveAfter(ms: number): () => void {
    const leave = () => {
      clearTimeout(timer);
      if (hasLeft) return;
      hasLeft = true;
      const next = this.#waiting.shift() ?? this.#waitingSlow.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    };
    let hasLeft = false;
    const timer = setTimeout(leave, ms);
    return leave;
  }

  #sharedDeadline(): AbortSignal {
    const nowMs = performance.now();
    if (this.#deadline === null || nowMs - this.#deadline.startedMs > sharedMs) {
      this.#deadline = { signal: this.#source.deadline(this.stopped), startedMs: nowMs };
    }
    return this.#deadline.signal;
  }
}
