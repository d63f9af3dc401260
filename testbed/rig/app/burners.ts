import { type ChildProcess, spawn } from 'node:child_process';

/** Processes beside the application that burn what CPU they get: the quota is shared out among all of them. */
export class Burners {
  readonly #running: ChildProcess[] = [];

  set(count: number): void {
    while (this.#running.length < count) {
      this.#running.push(spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    }
    for (const extra of this.#running.splice(count)) extra.kill('SIGKILL');
  }
}
