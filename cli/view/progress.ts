import { isLive } from '../../testbed/rig/screen.ts';
import { clip } from './format.ts';

const clearLine = '\r\u001b[2K';
/** Between two pictures, in ms: nobody reads faster. */
const everyMs = 100;
const barWidth = 30;
const usualColumns = 80;

/** One line on a terminal that tells how far something is; anywhere else it writes nothing. */
export class ProgressBar implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #nowMs: () => number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, nowMs: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  /** `done` from 0 to 1. */
  show(done: number, what: string): void {
    const nowMs = this.#nowMs();
    if (!isLive(this.#stream) || nowMs - this.#drawnAtMs < everyMs) return;
    this.#drawnAtMs = nowMs;
    const full = Math.floor(done * barWidth);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`;
    const line = `${bar} ${String(Math.floor(done * 100)).padStart(3)}%  ${what}`;
    // a line that fills the last column may wrap, and then could not be cleared
    this.#stream.write(`${clearLine}${clip(line, (this.#stream.columns || usualColumns) - 1)}`);
  }

  /** Leaves the line empty. */
  [Symbol.dispose](): void {
    if (this.#drawnAtMs !== Number.NEGATIVE_INFINITY) this.#stream.write(clearLine);
  }
}
