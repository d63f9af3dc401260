import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

/** Every container and volume of these tests has this label; its value is the run's name, which its network has, too. */
const labelName = 'haweight.test';

/** Removes all of it when standard input closes; and once more, unless told that nothing was being started. */
const sweep = `
sweep() {
  docker ps --all --quiet --filter "label=$1" | xargs -r -n 1 -P 8 docker rm --force --volumes
  docker network ls --quiet --filter "name=$2" | xargs -r docker network rm
  docker volume ls --quiet --filter "label=$1" | xargs -r docker volume rm
}
read -r word
sweep "$@"
[ "$word" = done ] || { sleep 5; sweep "$@"; }
`;

/**
 * Removes what a test started, however the test ends: a separate process waits for the test's end of a pipe to close, which
 * also happens at a Ctrl-C, a timeout of the test runner and a `kill -9`. Testcontainers' own, Ryuk, is an image that
 * has to be pulled.
 */
export class Sweeper implements AsyncDisposable {
  /** Unique to a run. */
  readonly name = `haweight-test-${randomUUID()}`;
  readonly label = { [labelName]: this.name };
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor() {
    // detached: a Ctrl-C of the terminal goes to the whole process group
    this.#child = spawn('sh', ['-c', sweep, 'sweeper', `${labelName}=${this.name}`, this.name], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.#ended = once(this.#child, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end('done\n');
    await this.#ended;
  }
}
