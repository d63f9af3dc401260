import { closeSync, existsSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { UnavailableReason } from '../../shared/contract/snapshot.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/**
 * The kernel's files, from the real root or from a recorded tree that has `proc` and `sys` in it.
 * Reads are synchronous: these files live in memory, and a round trip through the thread pool costs several times
 * what the read itself does.
 */
export class ProcRoot {
  readonly #prefix: string;

  /** `prefix` stands before every absolute path: empty for this machine. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** The text of a file; `absent` is the reason where it is not there. */
  text(path: string, absent: UnavailableReason = 'not-supported'): Result<string, Unavailable> {
    try {
      return ok(readWhole(this.#prefix + path).toString('utf8'));
    } catch (error) {
      return err(readFailure(path, error, absent));
    }
  }

  textOrNull(path: string): string | null {
    const text = this.text(path);
    return text.ok ? text.value : null;
  }

  bytesOrNull(path: string): Uint8Array | null {
    try {
      return new Uint8Array(readWhole(this.#prefix + path));
    } catch {
      return null;
    }
  }

  /** Whether it is there, as far as this user may see. */
  exists(path: string): boolean {
    return existsSync(this.#prefix + path);
  }

  /** Names of the folders in a folder; none where it cannot be read. */
  folders(path: string): readonly string[] {
    try {
      const entries = readdirSync(this.#prefix + path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch {
      return [];
    }
  }

  /** Names in a folder; null where it cannot be read. */
  names(path: string): readonly string[] | null {
    try {
      return readdirSync(this.#prefix + path);
    } catch {
      return null;
    }
  }

  /** Where a symbolic link points; null where it cannot be read. */
  link(path: string): string | null {
    try {
      return readlinkSync(this.#prefix + path);
    } catch {
      return null;
    }
  }
}

/** No file that we read is nearly as large, but for tables that grow with the sockets and mounts of the machine. */
const maxBytes = 4 * 2 ** 20;
const maxTableBytes = 64 * 2 ** 20;
const tables = /\/(?:mountinfo|net\/tcp6?)$/;

/** Reused, because nearly all files fit: a new one for every read would be garbage. */
const chunk = Buffer.allocUnsafe(64 * 2 ** 10);

/** The kernel says 0 for the size of most of its files, so they are read to the end. Valid until the next call. */
function readWhole(path: string): Buffer {
  const limit = tables.test(path) ? maxTableBytes : maxBytes;
  const descriptor = openSync(path, 'r');
  try {
    const full: Buffer[] = [];
    for (let used = 0; ; ) {
      const got = readSync(descriptor, chunk, used, chunk.length - used, null);
      used += got;
      if (got === 0)
        return full.length === 0 ? chunk.subarray(0, used) : Buffer.concat([...full, chunk.subarray(0, used)]);
      if (used < chunk.length) continue;
      full.push(Buffer.from(chunk));
      used = 0;
      if (full.length * chunk.length > limit) throw new TooLarge(limit);
    }
  } finally {
    closeSync(descriptor);
  }
}

class TooLarge extends Error {
  readonly code: string;

  constructor(limitBytes: number) {
    super();
    this.code = `larger than ${limitBytes / 2 ** 20} MiB`;
  }
}

const gone = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV']);
const forbidden = new Set(['EACCES', 'EPERM']);

function readFailure(path: string, error: unknown, absent: UnavailableReason): Unavailable {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  if (gone.has(code)) return unavailable(absent, `${path} is not there`);
  if (forbidden.has(code)) return unavailable('no-permission', `this user may not read ${path}`);
  return unavailable('failed', `${path}: ${code}`);
}
