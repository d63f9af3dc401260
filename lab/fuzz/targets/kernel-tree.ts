import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexAt } from '../input/draws.ts';
import type { FileChange } from './kernel-history.ts';

const maxFileBytes = 64 * 1024;

/** A copy of a recorded tree of kernel files, to be changed and restored. */
export class KernelTree {
  readonly root: string;
  readonly #recorded: string;
  readonly #paths: readonly string[];
  readonly #changed = new Set<string>();

  constructor(recorded: string, root: string) {
    this.#recorded = recorded;
    this.root = root;
    if (!existsSync(root)) cpSync(recorded, root, { recursive: true });
    this.#paths = filesIn(recorded);
  }

  change({ kind, file, other, edit }: FileChange): void {
    const [path, mixedIn] = [this.#pathAt(file), this.#pathAt(other)];
    this.#changed.add(path);
    const absolute = join(this.root, path);
    const bytes = readFile(absolute);
    if (kind === 'removed') rmSync(absolute, { recursive: true, force: true });
    else if (bytes !== null && kind === 'made a folder') {
      rmSync(absolute);
      mkdirSync(absolute);
    } else if (bytes !== null) {
      const edited = edit(bytes, readFile(join(this.root, mixedIn)) ?? bytes);
      writeFileSync(absolute, edited.subarray(0, maxFileBytes));
    }
  }

  /** Only what was changed: to copy a whole tree takes longer than everything else. */
  restore(): void {
    for (const path of this.#changed) {
      rmSync(join(this.root, path), { recursive: true, force: true });
      cpSync(join(this.#recorded, path), join(this.root, path));
    }
    this.#changed.clear();
  }

  #pathAt(place: number): string {
    const path = this.#paths[indexAt(place, this.#paths.length)];
    if (path === undefined) throw new Error(`no files in ${this.#recorded}`);
    return path;
  }
}

function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => isFile(join(root, path)))
    .sort();
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** null: there is no such file, or it is a folder. */
function readFile(path: string): Buffer | null {
  return isFile(path) ? readFileSync(path) : null;
}
