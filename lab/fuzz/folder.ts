import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory where there is such a place: cases write files by the hundred thousand. */
const inMemory = '/dev/shm';

/** A folder of our own, gone with its user. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'haweight-fuzz-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
