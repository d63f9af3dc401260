import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { type Folder, temporaryFolder } from '../../../haproxy/setup.ts';
import type { Surroundings } from '../../../support/process.ts';

const triplets: Readonly<Partial<Record<string, string>>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** Where Debian, Ubuntu (package faketime) and Fedora (libfaketime) have it; null where it is not installed. */
export function libfaketime(): string | null {
  const folders = ['/usr/lib64/faketime', `/usr/lib/${triplets[arch()]}/faketime`];
  return folders.map((folder) => join(folder, 'libfaketimeMT.so.1')).find(existsSync) ?? null;
}

/**
 * A wall clock for the test's processes that can be set while they run, by libfaketime: the whole process has it, Node.js
 * and winston's time stamps included. Its monotonic clock goes on as it is, as the kernel's does.
 */
export class FakedClock implements AsyncDisposable {
  /** What has this clock. */
  readonly surroundings: Surroundings;
  readonly #folder: Folder;

  private constructor(folder: Folder, library: string) {
    this.#folder = folder;
    const variables = [
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
      'DONT_FAKE_MONOTONIC=1',
    ];
    this.surroundings = { through: ['/usr/bin/env', ...variables] };
  }

  static async start(library: string): Promise<FakedClock> {
    const clock = new FakedClock(await temporaryFolder(), library);
    await clock.set(0);
    return clock;
  }

  get #file(): string {
    return join(this.#folder.path, 'offset');
  }

  /** Sets it this far from the machine's clock, in ms. */
  async set(offsetMs: number): Promise<void> {
    const seconds = offsetMs / 1_000;
    await writeFile(this.#file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
