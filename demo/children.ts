import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ProblemError, quote } from '../contract/problem.ts';

/** How long a child may take to end by itself, in ms; then it is killed. */
const graceMs = 3_000;
/** What is kept of a child's standard error, in characters, to say why it ended. */
const keptErrorCharacters = 2_000;

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
  readonly #killAll = () => {
    for (const { process: child } of this.#children.values()) signalGroup(child, 'SIGKILL');
  };

  constructor() {
    // who waits for nothing else is not to be ended by it as an unhandled rejection
    this.#failure.promise.catch(() => {});
    // the last resort: also an uncaught exception leaves no process behind
    process.on('exit', this.#killAll);
  }

  /** Rejects with a ProblemError when a child ends that was not told to. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  get names(): readonly string[] {
    return [...this.#children.keys()];
  }

  start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
    const child = spawn(command, args, { detached: true, env, stdio: ['ignore', 'ignore', 'pipe'] });
    // once() also rejects when it could not be started
    const ended = once(child, 'exit').catch(() => {});
    const entry: Child = { name, process: child, ended, expected: false, errors: '' };
    this.#children.set(name, entry);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
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
    for (const child of this.#children.values()) child.expected = true;
    await Promise.all(this.names.map((name) => this.stop(name)));
    process.off('exit', this.#killAll);
  }

  #fail({ name, expected, errors }: Child, how: string): void {
    if (expected) return;
    const lastWords = errors.trim().split('\n').at(-1) ?? '';
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
