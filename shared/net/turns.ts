/*
 * By hand: a thread serves what arrives as fast as it arrives, and Node.js has no share of a core for that. The work waits here
 * instead of in a sleeping thread, so that timers and signals are on time.
 */

export interface CpuLimits {
  /** Of a core, 0 to 1. */
  readonly share: number;
  /** Of all of a core after a pause, in ms. */
  readonly burstMs: number;
}

type Work = () => void;

/** Whose work it is. */
export interface Owner {
  readonly address: string;
  /** Whether it has shown what is asked of clients. */
  readonly comesFirst: boolean;
}

/** Longest pause between two pieces of work, in ms. */
const longestPauseMs = 20;

/**
 * When the next piece of work for a client is done, so that serving uses only its share of a core, whatever arrives. Clients
 * that have shown what is asked of them come first, and then one address after the other, however many connections each has.
 * Normally a piece of work is done at once.
 */
export class Turns {
  readonly #limits: CpuLimits;
  readonly #cpuMs: () => number;
  readonly #nowMs: () => number;
  /** By address, in the order of their turns. */
  readonly #first = new Map<string, Work[]>();
  readonly #strangers = new Map<string, Work[]>();
  #creditMs: number;
  #atMs: number;
  #isGoingOn = false;

  /** `cpuMs` tells what this thread has used, `nowMs` is a monotonic clock. */
  constructor(limits: CpuLimits, cpuMs = threadCpuMs, nowMs = () => performance.now()) {
    this.#limits = limits;
    this.#cpuMs = cpuMs;
    this.#nowMs = nowMs;
    this.#creditMs = limits.burstMs;
    this.#atMs = nowMs();
  }

  /** Does the work now or soon. */
  take({ address, comesFirst }: Owner, work: Work): void {
    const queues = comesFirst ? this.#first : this.#strangers;
    const own = queues.get(address);
    if (own === undefined) queues.set(address, [work]);
    else own.push(work);
    if (!this.#isGoingOn) this.#goOnOrPause();
  }

  get waiting(): number {
    return [...this.#first.values(), ...this.#strangers.values()].flat().length;
  }

  #goOnOrPause(): void {
    this.#isGoingOn = this.#first.size + this.#strangers.size > 0;
    if (!this.#isGoingOn) return;
    if (this.#credit() > 0) this.#goOn();
    else this.#pause();
  }

  /**
   * One piece of work in each pass of the event loop: a pass accepts one connection, so longer ones would keep new clients
   * waiting. All that the thread does until the end of the pass is charged: TLS and answers do most of theirs after `work`.
   */
  #goOn(): void {
    const beforeMs = this.#cpuMs();
    const work = nextOf(this.#first) ?? nextOf(this.#strangers);
    work?.();
    setImmediate(() => {
      this.#creditMs -= this.#cpuMs() - beforeMs;
      this.#goOnOrPause();
    });
  }

  #pause(): void {
    setTimeout(() => this.#goOn(), Math.min(longestPauseMs, Math.max(1, -this.#creditMs / this.#limits.share)));
  }

  #credit(): number {
    const { share, burstMs } = this.#limits;
    const atMs = this.#nowMs();
    this.#creditMs = Math.max(-burstMs, Math.min(burstMs, this.#creditMs + (atMs - this.#atMs) * share));
    this.#atMs = atMs;
    return this.#creditMs;
  }
}

/** The oldest work of the address whose turn it is. The address is the last one then. */
function nextOf(queues: Map<string, Work[]>): Work | undefined {
  const [next] = queues;
  if (next === undefined) return undefined;
  const [address, [work, ...rest]] = next;
  queues.delete(address);
  if (rest.length > 0) queues.set(address, rest);
  return work;
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
