import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** How long a pipe may take until it has been written and closed, in ms: a program such as `pass` runs meanwhile. */
const defaultDeadlineMs = 5_000;
/** How long it may take until a program has opened it for writing, in ms: one that waits for a reader does at once. */
const writerMs = 1_000;
const againMs = 20;

export interface SmallFileLimits {
  readonly maxBytes: number;
  /** How messages say `maxBytes`, such as `1 MiB`. */
  readonly maxText: string;
  /** For a pipe, in ms; 5,000 unless given. */
  readonly deadlineMs?: number;
}

/**
 * Reads a file that a setting names: a regular one, a device, or a pipe such as `<(pass show token)` of a shell. Never more than
 * the limit, and never longer than the deadline: a pipe that nobody writes must not keep a process from starting or ending.
 * Throws an error whose `code` is the system's, or words for what else is wrong.
 */
export function readSmallFile(path: string, limits: SmallFileLimits): string {
  const { maxBytes, maxText, deadlineMs = defaultDeadlineMs } = limits;
  // without blocking: opening a pipe would wait for a writer
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const isPipe = fstatSync(file).isFIFO();
    const startedMs = performance.now();
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const count = readSome(file, buffer, length);
      length += count ?? 0;
      if (length > maxBytes) throw failure(`over ${maxText}`);
      // a pipe also ends where nobody has opened it for writing yet
      if (count === 0 && (length > 0 || !isPipe)) return buffer.toString('utf8', 0, length);
      if (count !== null && count > 0) continue;
      // no bytes: it has no writer; nothing yet: it has one
      const limitMs = count === 0 ? Math.min(writerMs, deadlineMs) : deadlineMs;
      if (performance.now() - startedMs > limitMs) throw failure('a pipe that nobody writes to or closes');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, againMs);
    }
  } finally {
    closeSync(file);
  }
}

/** null: nothing yet. */
function readSome(file: number, buffer: Buffer, length: number): number | null {
  try {
    return readSync(file, buffer, length, buffer.length - length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
