import { readFileSync } from 'node:fs';
import { Child } from '../../../testbed/rig/child.ts';

/** Enters the groups of its first arguments, up to `--`, and becomes the program that follows. */
const enter = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';

/** A process that is in control groups from its first instruction on, and all of its children with it. */
export class GroupProcess implements AsyncDisposable {
  readonly #child: Child;
  readonly #folders: readonly string[];

  constructor(command: readonly string[], folders: readonly string[]) {
    this.#folders = folders;
    this.#child = new Child('a server', ['/bin/sh', '-c', enter, 'enter', ...folders, '--', ...command]);
  }

  /** Ends everything that is in the groups. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#members()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    await this.#child.kill();
  }

  #members(): readonly number[] {
    const pids = this.#folders.flatMap((folder) => readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n'));
    return [...new Set(pids.filter(Boolean).map(Number))];
  }
}
