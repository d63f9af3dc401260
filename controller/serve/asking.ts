import { type DocumentName, type Documents, documentNames, type Question, type Reply } from './messages.ts';

/** How long the loop's thread may take for an answer, in ms, before clients are told that it hangs. */
export const answerMs = 1_000;
/** Shortest time from an answer to the next question, in ms: at most 100 questions a second. */
const leastPauseMs = 10;
/** And in multiples of what the answer has cost: at most a tenth of the loop's time is spent on answers. */
const pauseOfCost = 10;
/** Longest such time, in ms: with thousands of servers clients would give up before. A status costs once for each tick only. */
const longestPauseMs = 1_000;

/** What is true at the time of the answer. */
export interface Current {
  readonly waitingFor: string | null;
  /** Those that clients have asked for so far. */
  readonly documents: Documents;
}

interface Asker {
  readonly wants: DocumentName | null;
  readonly resolve: (current: Current | null) => void;
}

/**
 * The serving thread's side of the questions. However many clients ask, one question is under way at most; those who come
 * meanwhile share the next one, so that no answer is older than its request.
 */
export class Asking {
  readonly #send: (question: Question) => void;
  #documents: Documents = {};
  /** Whose question is under way; null: there is none. */
  #asked: readonly Asker[] | null = null;
  #waiting: Asker[] = [];
  #isLate = false;
  #deadline: NodeJS.Timeout | undefined;
  #isPausing = false;

  constructor(send: (question: Question) => void) {
    this.#send = send;
  }

  /** Resolves with null where the loop's thread does not answer in time, at once while it is late already. */
  ask(wants: DocumentName | null): Promise<Current | null> {
    if (this.#isLate) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<Current | null>();
    this.#waiting.push({ wants, resolve });
    this.#sendNext();
    return promise;
  }

  /** To be called with every answer of the loop's thread. */
  take({ waitingFor, documents, tookMs }: Reply): void {
    clearTimeout(this.#deadline);
    this.#documents = { ...this.#documents, ...documents };
    const current = { waitingFor, documents: this.#documents };
    for (const { resolve } of this.#asked ?? []) resolve(current);
    this.#asked = null;
    this.#isLate = false;
    this.#isPausing = true;
    const pauseMs = Math.min(longestPauseMs, Math.max(leastPauseMs, pauseOfCost * tookMs));
    setTimeout(() => {
      this.#isPausing = false;
      this.#sendNext();
    }, pauseMs);
  }

  #sendNext(): void {
    if (this.#asked !== null || this.#isPausing || this.#waiting.length === 0) return;
    const wanted = documentNames.filter((name) => this.#waiting.some(({ wants }) => wants === name));
    this.#asked = this.#waiting;
    this.#waiting = [];
    // after the messages that have come meanwhile: this thread may have been the one that was late
    this.#deadline = setTimeout(() => setImmediate((asked) => this.#giveUp(asked), this.#asked), answerMs);
    const versions = wanted.map((name) => [name, this.#documents[name]?.version ?? 0] as const);
    this.#send({ wanted: Object.fromEntries(versions) });
  }

  #giveUp(asked: readonly Asker[] | null): void {
    if (asked !== this.#asked) return;
    this.#isLate = true;
    for (const { resolve } of [...(this.#asked ?? []), ...this.#waiting]) resolve(null);
    this.#waiting = [];
  }
}
