import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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
      return ok(readFileSync(this.#prefix + path, 'utf8'));
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
      return readFileSync(this.#prefix + path);
    } catch {
      return null;
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

const gone = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV']);
const forbidden = new Set(['EACCES', 'EPERM']);

function readFailure(path: string, error: unknown, absent: UnavailableReason): Unavailable {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  if (gone.has(code)) return unavailable(absent, `${path} is not there`);
  if (forbidden.has(code)) return unavailable('no-permission', `this user may not read ${path}`);
  return unavailable('failed', `${path}: ${code}`);
}
