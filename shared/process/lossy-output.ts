import { Writable } from 'node:stream';

/** The most that may wait for the reader, in bytes: some thousand events. */
export const maxWaitingBytes = 1024 * 1024;

/**
 * Lines for a reader that may be slow, stuck or gone: a full disk, a closed terminal, a pipe that is not read. What cannot be
 * written is left out and counted. Writing never waits and never throws, and the memory for waiting lines is bounded. The
 * next line that can be written follows a note that says how many are missing.
 */
export class LossyOutput extends Writable {
  readonly #target: Writable;
  readonly #note: (lost: number) => string;
  #lost = 0;

  /** `note` words how many lines are missing. */
  constructor(target: Writable, note: (lost: number) => string) {
    super({ decodeStrings: false });
    this.#target = target;
    this.#note = note;
    // what failed is told to the callback of its write; without a listener it would end the process
    target.on('error', () => undefined);
  }

  override _write(line: string, _: BufferEncoding, done: () => void): void {
    const lost = this.#lost;
    // a full disk may have taken half of the line before
    const text = lost === 0 ? line : `\n${this.#note(lost)}\n${line}`;
    if (this.#target.writableLength + Buffer.byteLength(text) > maxWaitingBytes) this.#lost += 1;
    else {
      this.#lost = 0;
      this.#target.write(text, (error) => {
        if (error !== null && error !== undefined) this.#lost += lost + 1;
      });
    }
    done();
  }
}
