import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { LastResort } from './last-resort.ts';
import { cleanEnvironment } from './programs.ts';

/** How long a child may take to end after SIGTERM, in ms; then it is killed. */
const graceMs = 5_000;
/** What is kept of its standard error, in characters. */
const keptCharacters = 4_000;

/** How many lines of it are told, from the end. */
const keptLines = 5;

export interface ChildOptions {
  readonly ipc?: boolean;
  /** Node.js unless given. */
  readonly program?: string;
}

/**
 * A process of ours, in a group of its own, so that a Ctrl-C of the terminal reaches only us; it does not outlive us,
 * however we end. `ipc`: it can be sent messages.
 */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;
  /** The end of what it wrote to standard error. */
  lastWords = '';
  /** How much it wrote to standard error. */
  loggedBytes = 0;
  loggedLines = 0;

  constructor(args: readonly string[], { ipc = false, program = process.execPath }: ChildOptions = {}) {
    const stdio: ('ignore' | 'pipe' | 'ipc')[] = ['ignore', 'ignore', 'pipe'];
    this.#process = spawn(program, args, {
      detached: true,
      env: cleanEnvironment(),
      stdio: ipc ? [...stdio, 'ipc'] : stdio,
    });
    // one each, called off when it has ended: later its id may be another's
    const lastResort = new LastResort();
    if (this.#process.pid !== undefined) lastResort.cover(this.#process.pid);
    // where it cannot be started, once() rejects: then it has ended too
    this.#exit = once(this.#process, 'exit').catch(() => {});
    void this.#exit.then(() => lastResort[Symbol.dispose]());
    this.#process.on('error', (error) => this.#hear(`${error.message}\n`));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** For messages; its own channel to us. */
  get process(): ChildProcess {
    return this.#process;
  }

  /** Throws a ProblemError with its last words if it has ended. */
  assertRunning(name: string): void {
    if (this.isRunning) return;
    const got = quote(this.lastWords.trim().split('\n').slice(-keptLines).join(' '), keptCharacters);
    throw new ProblemError({ code: 'command-failed', where: name, what: 'ended unexpectedly', got });
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#process.kill(name);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exit;
  }

  /** Asks it to end and kills it after a grace period. */
  async stop(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.#exit;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #hear(text: string): void {
    this.loggedBytes += Buffer.byteLength(text);
    this.loggedLines += text.split('\n').length - 1;
    this.lastWords = (this.lastWords + text).slice(-keptCharacters);
  }
}
