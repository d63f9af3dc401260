import { Agent, type ClientRequest, request } from 'node:http';
import type { Arrival } from './arrivals.ts';

/** Why a request failed. */
export type Failure = 'deadline' | 'connection' | 'status' | 'too-many-in-flight' | 'stopped';

/** What became of one request. Times in ms from the start of the phase. */
export interface Outcome {
  /** When it was meant to be sent; response times count from here, so a late generator flatters nobody. */
  readonly atMs: number;
  /** How late it was sent, in ms. */
  readonly lagMs: number;
  readonly endedAtMs: number;
  /** The server that answered, by its own word; null where none did. */
  readonly server: string | null;
  /** Of the answer; null where there was none in time. */
  readonly status: number | null;
  readonly failure: Failure | null;
}

type Answer = Pick<Outcome, 'server' | 'status'>;
const noAnswer: Answer = { server: null, status: null };

export interface LoadOptions {
  /** Where to send, such as http://127.0.0.1:9480. */
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  readonly deadlineMs: number;
  readonly maxInFlight: number;
  /** Ends it early: what is on its way fails as 'stopped', what was not sent yet never is. */
  readonly signal: AbortSignal;
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * Open loop: every request is sent at its time, whatever became of those before it. Resolves when the last one was
 * answered or has failed, at most one deadline after the last arrival.
 */
export async function sendLoad(options: LoadOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const sender = new Sender(options, agent);
  try {
    await sender.run();
  } finally {
    agent.destroy();
  }
}

class Sender {
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #startedAtMs = performance.now();
  readonly #finished = Promise.withResolvers<void>();
  readonly #onWay = new Set<ClientRequest>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadOptions, agent: Agent) {
    this.#options = options;
    this.#agent = agent;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#stop();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    else this.#sendDue();
    await this.#finished.promise;
    signal.removeEventListener('abort', stop);
  }

  #now(): number {
    return performance.now() - this.#startedAtMs;
  }

  #sendDue(): void {
    const { arrivals } = this.#options;
    for (let arrival = arrivals[this.#next]; arrival !== undefined; arrival = arrivals[this.#next]) {
      const waitMs = arrival.atMs - this.#now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#sendDue(), waitMs);
        return;
      }
      this.#next++;
      this.#send(arrival, -waitMs);
    }
    this.#finishIfDone();
  }

  #send(arrival: Arrival, lagMs: number): void {
    const { url, deadlineMs, maxInFlight, signal, onOutcome } = this.#options;
    const report = (answer: Answer, failure: Failure | null) =>
      onOutcome({ atMs: arrival.atMs, lagMs, endedAtMs: this.#now(), ...answer, failure });
    if (this.#onWay.size >= maxInFlight) {
      report(noAnswer, 'too-many-in-flight');
      return;
    }

    const sent = request(`${url}/work?cpuMs=${arrival.demandCpuMs.toFixed(3)}`, { agent: this.#agent });
    let overdue = false;
    const deadline = setTimeout(() => {
      overdue = true;
      sent.destroy();
    }, deadlineMs - lagMs);
    const end = (answer: Answer, failure: Failure | null) => {
      clearTimeout(deadline);
      if (!this.#onWay.delete(sent)) return;
      const cut = overdue ? 'deadline' : signal.aborted ? 'stopped' : failure;
      report(answer, failure === null ? null : cut);
      this.#finishIfDone();
    };
    this.#onWay.add(sent);
    sent.on('response', (response) => {
      const server = response.headers['x-server'];
      const status = response.statusCode ?? null;
      const failure = status === 200 ? null : 'status';
      response.resume();
      response.on('end', () => end({ server: typeof server === 'string' ? server : null, status }, failure));
      response.on('close', () => end(noAnswer, 'connection'));
    });
    sent.on('error', () => end(noAnswer, 'connection'));
    sent.end();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#next = this.#options.arrivals.length;
    for (const sent of this.#onWay) sent.destroy(new Error('stopped'));
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#onWay.size === 0 && this.#next >= this.#options.arrivals.length) this.#finished.resolve();
  }
}
