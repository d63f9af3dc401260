import { spawn } from 'node:child_process';

/** Reads ids of process groups, a line each; at the end of its input, which is when we are gone, it kills them. */
const script = 'groups=; while read -r group; do groups="$groups -$group"; done; kill -s KILL -- $groups 2>/dev/null';

/** Ends process groups when this process is gone, even by SIGKILL, where no handler of ours could run. */
export class LastResort implements Disposable {
  readonly #shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });

  constructor() {
    // without a shell there is no last resort, but nothing to fail for either
    this.#shell.on('error', () => {});
    this.#shell.stdin.on('error', () => {});
    this.#shell.unref();
  }

  cover(groupId: number): void {
    this.#shell.stdin.write(`${groupId}\n`);
  }

  /** Calls it off: everything was ended in good order. */
  [Symbol.dispose](): void {
    this.#shell.kill('SIGKILL');
    this.#shell.stdin.destroy();
  }
}
