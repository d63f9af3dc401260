import { setTimeout as delay } from 'node:timers/promises';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import type { Status } from '../../shared/contract/status.ts';
import { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import { remembered } from '../../shared/remembered.ts';
import { recordProblem } from './record-problem.ts';
import { maxLineBytes, type TickRecord } from './recording.ts';
import { appendLines, type RotatingFileOptions } from './rotating-file.ts';

/** Most that waits for the disk, in bytes; what exceeds it is left out and counted. */
const maxWaitingBytes = maxLineBytes;
/** How long leaving waits for the disk, in ms. */
const closeDeadlineMs = 2_000;

export interface RecorderOptions extends RotatingFileOptions {
  readonly logger: Log;
  /** Replaced in tests, for a disk that is slow or full. */
  readonly append?: typeof appendLines;
}

/**
 * Writes ticks to a file beside the loop, one write at a time. It never throws and never makes the loop wait: what cannot be
 * written is left out, counted and logged once, and the next tick is tried again.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #append: typeof appendLines;
  readonly #events: EventLog;
  readonly #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  #problem: Problem | null = null;
  #ticks = 0;
  #lostTicks = 0;
  readonly #statusOf = remembered((file: string, ticks: number, lostTicks: number, problem: Problem | null) => {
    return { file, ticks, lostTicks, problem: problem === null ? null : formatProblem(problem) };
  });

  constructor({ append = appendLines, ...options }: RecorderOptions) {
    this.#options = { ...options };
    this.#append = append;
    this.#events = new EventLog(options.logger);
  }

  /** The same object until there is something new. */
  get status(): NonNullable<Status['recording']> {
    return this.#statusOf(this.#options.file, this.#ticks, this.#lostTicks, this.#problem);
  }

  take(record: TickRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    const bytes = Buffer.byteLength(line);
    if (bytes > maxLineBytes || this.#waitingBytes + bytes > maxWaitingBytes) {
      this.#lose(1, this.#behind(bytes));
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#write();
  }

  /** Writes what waits, but does not hold up the end for a disk that does not answer. */
  async close(): Promise<void> {
    if (this.#writing === null) return;
    const deadline = new AbortController();
    const late = delay(closeDeadlineMs, undefined, { signal: deadline.signal }).catch(() => undefined);
    await Promise.race([this.#writing, late]);
    deadline.abort();
    if (this.#waiting.length > 0) this.#lose(this.#waiting.length, this.#behind(0));
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      // all that waits goes in one write, as long as a file has room for it
      const lines = this.#takeWaiting();
      const text = lines.join('');
      try {
        await this.#append(text, this.#options);
        this.#ticks += lines.length;
        if (this.#waiting.length === 0) this.#report(null);
      } catch (cause) {
        this.#lose(lines.length, recordProblem(this.#options.file, cause));
      }
      this.#waitingBytes -= Buffer.byteLength(text);
    }
    this.#writing = null;
  }

  #takeWaiting(): readonly string[] {
    let bytes = 0;
    const over = this.#waiting.findIndex((line) => {
      bytes += Buffer.byteLength(line);
      return bytes > this.#options.maxBytes;
    });
    return this.#waiting.splice(0, over === -1 ? this.#waiting.length : Math.max(1, over));
  }

  #lose(ticks: number, problem: Problem): void {
    this.#lostTicks += ticks;
    this.#report(problem);
  }

  #report(problem: Problem | null): void {
    this.#problem = problem;
    this.#events.report('recording problem', { file: this.#options.file }, problem);
  }

  #behind(bytes: number): Problem {
    return {
      code: 'record-behind',
      where: this.#options.file,
      what: 'ticks are left out of the recording',
      expected: `at most ${maxWaitingBytes} bytes that wait for the disk`,
      got: `${this.#waitingBytes + bytes}`,
      fix: 'Record to a faster disk, or fewer backends.',
    };
  }
}
