import { type ChildProcess, spawn } from 'node:child_process';

/** Processes that burn all CPU they get: the kernel divides the quota among them and the application. */
export class Burners {
  readonly #running: ChildProcess[] = [];

  set(count: number): void {
    while (this.#running.length < count) {
      this.#running.push(spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    }
    for (const extra of this.#running.splice(count)) extra.kill('SIGKILL');
  }
}
