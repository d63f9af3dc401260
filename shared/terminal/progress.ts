/*
 * By hand, not with cli-progress: that draws bars of one total, and here most texts are sentences; it switches off the
 * terminal's line wrapping, which stays off when the process is killed; and it brings five more packages.
 */

import { isLive, makeScreen, type Screen } from './screen.ts';
import { clip } from './text.ts';

/** Time between two updates on a terminal, in ms: people do not read faster. */
const pictureMs = 100;
/** Between two lines in a log, in ms. */
const logLineMs = 10_000;
const usualColumns = 80;

export interface ProgressOptions {
  /** Whether a line is written now and then where there is no terminal. */
  readonly inLog: boolean;
  /** Replaced in tests. */
  readonly nowMs?: () => number;
}

/**
 * How far something is: on a terminal one line that is drawn over, in a log a line now and then. The cursor stays below that
 * line, so that a process that is killed leaves the terminal in order.
 */
export class Progress implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #screen: Screen;
  readonly #live: boolean;
  readonly #inLog: boolean;
  readonly #nowMs: () => number;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #later: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, { inLog, nowMs = () => performance.now() }: ProgressOptions) {
    this.#stream = stream;
    this.#live = isLive(stream);
    this.#screen = makeScreen(stream, this.#live);
    this.#inLog = inLog;
    this.#nowMs = nowMs;
  }

  /** Of texts that come too fast for a terminal, the last one is shown as soon as it may be. */
  show(text: string): void {
    clearTimeout(this.#later);
    const waitMs = this.#shownAtMs + (this.#live ? pictureMs : logLineMs) - this.#nowMs();
    if (waitMs <= 0) this.#draw(text);
    else if (this.#live) this.#later = setTimeout(() => this.#draw(text), waitMs).unref();
  }

  /** Writes a line that stays. */
  say(line: string): void {
    this.clear();
    this.#screen.say(line);
  }

  /** Nothing of it is left on a terminal, such as before a result or an error is shown. */
  clear(): void {
    clearTimeout(this.#later);
    this.#screen.draw([]);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #draw(text: string): void {
    this.#shownAtMs = this.#nowMs();
    // a line that fills the last column may wrap, and then could not be cleared
    if (this.#live) this.#screen.draw([clip(text, (this.#stream.columns || usualColumns) - 1)]);
    else if (this.#inLog) this.#screen.say(text);
  }
}
