import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { UnavailableReason } from '../../shared/contract/snapshot.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/** No file of the kernel is larger; /proc/net/tcp has 150 bytes a connection. */
const maxFileBytes = 64 * 1024 * 1024;
const usualFileBytes = 64 * 1024;

/**
 * The kernel's files, from the real root or from a recorded tree that has `proc` and `sys` in it.
 * Reads are synchronous: these files live in memory, and a round trip through the thread pool costs several times
 * what the read itself does.
 */
export class ProcRoot {
  readonly #prefix: string;
  #buffer = Buffer.alloc(0);

  /** `prefix` stands before every absolute path: empty for this machine. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** The text of a file; `absent` is the reason where it is not there. */
  text(path: string, absent: UnavailableReason = 'not-supported'): Result<string, Unavailable> {
    try {
      return ok(this.#read(path).toString('utf8'));
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
      return Uint8Array.from(this.#read(path));
    } catch {
      return null;
    }
  }

  exists(path: string): boolean {
    return statSync(this.#prefix + path, { throwIfNoEntry: false }) !== undefined;
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

  /** Valid until the next read. */
  #read(path: string): Buffer {
    const file = openSync(this.#prefix + path, 'r');
    try {
      if (this.#buffer.length !== usualFileBytes) this.#buffer = Buffer.allocUnsafe(usualFileBytes);
      for (let length = 0; ; ) {
        const read = readSync(file, this.#buffer, length, this.#buffer.length - length, null);
        if (read === 0) return this.#buffer.subarray(0, length);
        length += read;
        if (length > maxFileBytes) throw Object.assign(new Error(), { code: `over ${maxFileBytes} bytes` });
        if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], 2 * length);
      }
    } finally {
      closeSync(file);
    }
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
