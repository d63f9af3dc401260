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
    if (!this.#isGoingOn && this.#credit() > 0) {
      this.#do(work, () => undefined);
      return;
    }
    const queues = comesFirst ? this.#first : this.#strangers;
    const own = queues.get(address);
    if (own === undefined) queues.set(address, [work]);
    else own.push(work);
    if (this.#isGoingOn) return;
    this.#isGoingOn = true;
    this.#pause();
  }

  get waiting(): number {
    return [...this.#first.values(), ...this.#strangers.values()].flat().length;
  }

  #goOn(): void {
    const work = nextOf(this.#first) ?? nextOf(this.#strangers);
    this.#isGoingOn = work !== undefined;
    if (work === undefined) return;
    this.#do(work, () => {
      if (this.#credit() > 0) this.#goOn();
      else this.#pause();
    });
  }

  /** What the work does at the next tick of Node.js, such as a TLS handshake, is charged too. */
  #do(work: Work, then: () => void): void {
    const beforeMs = this.#cpuMs();
    work();
    process.nextTick(() => {
      this.#creditMs -= this.#cpuMs() - beforeMs;
      then();
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
