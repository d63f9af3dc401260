import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { LastResort } from './last-resort.ts';

/** How long a child may take to end by itself, in ms; then it is killed. */
const graceMs = 3_000;
/** What is kept of a child's standard error, in characters, to say why it ended. */
const keptErrorCharacters = 2_000;
/** How many lines of it are told, from the end. */
const keptErrorLines = 3;

interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
  expected: boolean;
  errors: string;
}

/**
 * The processes of the demo. Each leads its own process group, so that a Ctrl-C in the terminal reaches only the demo,
 * which then ends them in order, and so that a child's children end with it.
 */
export class Children implements AsyncDisposable {
  readonly #children = new Map<string, Child>();
  readonly #failure = Promise.withResolvers<never>();
  readonly #lastResort = new LastResort();
  #closed = false;

  constructor() {
    // where nobody waits for it, a failure must not end the demo as an unhandled rejection
    this.#failure.promise.catch(() => {});
  }

  /** Rejects with a ProblemError when a child ends that was not told to. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Throws once the demo is ending: nothing new then. */
  start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
    if (this.#closed) throw new Error(`${name} was not started: the demo is ending`);
    const child = spawn(command, args, { detached: true, env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (child.pid !== undefined) this.#lastResort.cover(child.pid);
    // once() also rejects, where it could not be started
    const ended = once(child, 'exit').catch(() => {});
    const entry: Child = { name, process: child, ended, expected: false, errors: '' };
    this.#children.set(name, entry);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      entry.errors = (entry.errors + text).slice(-keptErrorCharacters);
    });
    child.on('error', (error) => this.#fail(entry, error.message));
    // 'close' and not 'exit': only then all that it said has been read
    child.on('close', (code, signal) => this.#fail(entry, signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  /** Asks it to end (SIGTERM), kills it after a grace period, and resolves when it and its children are gone. */
  async stop(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined) return;
    child.expected = true;
    signalGroup(child.process, 'SIGTERM');
    const kill = setTimeout(() => signalGroup(child.process, 'SIGKILL'), graceMs);
    await child.ended;
    clearTimeout(kill);
    signalGroup(child.process, 'SIGKILL');
    this.#children.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const children = [...this.#children.values()];
    for (const child of children) child.expected = true;
    await Promise.all(children.map(({ name }) => this.stop(name)));
    this.#lastResort[Symbol.dispose]();
  }

  #fail({ name, expected, errors }: Child, how: string): void {
    if (expected) return;
    const lines = errors.split('\n').filter((line) => line.trim() !== '');
    const lastWords = lines.slice(-keptErrorLines).join(' ');
    this.#failure.reject(
      new ProblemError({
        code: 'command-failed',
        where: `demo: ${name}`,
        what: 'ended unexpectedly, so the demo stops',
        got: lastWords === '' ? how : `${how}, and last it said ${quote(lastWords, 300)}`,
      }),
    );
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    // nobody is left in the group: that is what was wanted
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
