import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory where possible: cases write hundreds of thousands of files. */
const inMemory = '/dev/shm';

/** A new folder, removed when it is disposed of. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'haweight-fuzz-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
