import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { lastResort } from './last-resort.ts';
import { cleanEnvironment } from './programs.ts';

export interface ChildOptions {
  /** `cleanEnvironment()` unless given. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Command and arguments that become it, such as `prlimit` and its limits. */
  readonly through?: readonly string[];
  readonly cwd?: string;
  /** It can be sent messages, and send some. */
  readonly ipc?: boolean;
  /** Keep its standard output too. */
  readonly stdout?: boolean;
  /** Where its standard error goes instead of to us: a descriptor of this process, or a pipe that is not read. */
  readonly stderr?: number | 'unread';
  /** How much is kept of its standard error and of its standard output, in characters from the end; 4,000 unless given. */
  readonly keptCharacters?: number;
  /** How long it may take to end by itself, in ms; then it is killed. 5,000 unless given. */
  readonly graceMs?: number;
  /** Removed where this process is killed and so cannot remove it itself. */
  readonly folder?: string;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const defaultKeptCharacters = 4_000;
const defaultGraceMs = 5_000;
/** What an error tells of its last words. */
const told = { lines: 3, characters: 300 } as const;

/**
 * A process that this one started. It leads a process group, so that a Ctrl-C in the terminal reaches only us, and its own
 * children end with it. It does not outlive us, however we end.
 */
export class Child implements AsyncDisposable {
  /** For messages to people. */
  readonly name: string;
  /** For messages to it and from it. */
  readonly process: ChildProcess;
  /** Resolves when it has ended and all that it wrote was read. Also where it could not be started. */
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  readonly #exit: Promise<unknown>;
  readonly #failure = Promise.withResolvers<never>();
  readonly #lastResort: Disposable | null;
  readonly #graceMs: number;
  #expected = false;
  #isGone = false;

  constructor(name: string, command: readonly string[], options: ChildOptions = {}) {
    const { environment = cleanEnvironment(), through = [], cwd, folder, stderr } = options;
    const { keptCharacters = defaultKeptCharacters, graceMs = defaultGraceMs } = options;
    const [program = '', ...args] = [...through, ...command];
    const stdio: StdioOptions = [
      'ignore',
      options.stdout ? 'pipe' : 'ignore',
      typeof stderr === 'number' ? stderr : 'pipe',
    ];
    if (options.ipc) stdio.push('ipc');
    this.name = name;
    this.#graceMs = graceMs;
    this.process = spawn(program, args, {
      detached: true,
      env: environment,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { pid } = this.process;
    this.#lastResort = pid === undefined ? null : lastResort(pid, folder);
    const keep = (stream: 'stdout' | 'stderr') => {
      this.process[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this[stream] = (this[stream] + text).slice(-keptCharacters);
      });
    };
    keep('stdout');
    if (stderr !== 'unread') keep('stderr');
    this.process.on('error', (error) => {
      this.stderr += error.message;
    });
    // where it cannot be started, once() rejects: then it has ended, too
    this.#exit = once(this.process, 'exit').catch(() => {});
    this.ended = this.#untilClosed(stderr === 'unread');
    // a failure that is not waited for must not end this process
    this.#failure.promise.catch(() => {});
    void this.ended.then(() => {
      if (!this.signalGroup(0)) this.#release();
      if (!this.#expected) this.#failure.reject(this.#problem());
    });
  }

  /** Throws where it could not be started. */
  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw this.#problem();
    return pid;
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Rejects with a ProblemError when it ends without having been stopped or killed by us. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Throws a ProblemError with its last words if it has ended. */
  assertRunning(): void {
    if (!this.isRunning) throw this.#problem();
  }

  /** To the process alone, not to its children. */
  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.process.kill(name);
  }

  /** Also to its children, as a terminal does. Returns whether one of them is still there; 0 only asks. */
  signalGroup(name: NodeJS.Signals | 0): boolean {
    const { pid } = this.process;
    // later its id may be another's
    if (pid === undefined || this.#isGone) return false;
    try {
      return process.kill(-pid, name);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw cause;
    }
  }

  /** Sends a message and resolves with the next one that comes back. Rejects after the time limit, in ms. */
  async ask(message: object | string, limitMs: number): Promise<unknown> {
    const answer = once(this.process, 'message', { signal: AbortSignal.timeout(limitMs) });
    this.process.send(message);
    const [value] = await answer;
    return value;
  }

  /** Kills it and its children; resolves when they are gone. */
  async kill(): Promise<Ended> {
    this.#expected = true;
    this.signalGroup('SIGKILL');
    return await this.#gone();
  }

  /** Asks it to end, kills it after the grace period, and resolves when it and its children are gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.#expected = true;
    this.signal('SIGCONT');
    this.signal(signal);
    const timer = setTimeout(() => this.signalGroup('SIGKILL'), this.#graceMs);
    await this.#exit;
    clearTimeout(timer);
    this.signalGroup('SIGKILL');
    return await this.#gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #gone(): Promise<Ended> {
    const ended = await this.ended;
    this.#release();
    return ended;
  }

  #release(): void {
    this.#isGone = true;
    this.#lastResort?.[Symbol.dispose]();
  }

  async #untilClosed(unread: boolean): Promise<Ended> {
    const { process } = this;
    const closed = once(process, 'close').catch(() => {});
    await this.#exit;
    // an unread pipe never closes by itself
    if (unread) process.stderr?.destroy();
    // 'exit' comes before all that it wrote was read
    await closed;
    return { code: process.exitCode, signal: process.signalCode };
  }

  #problem(): ProblemError {
    const { exitCode, signalCode, pid } = this.process;
    const lines = this.stderr.split('\n').filter((line) => line.trim() !== '');
    const lastWords = quote(lines.slice(-told.lines).join(' '), told.characters);
    const how = signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
    return new ProblemError({
      code: 'command-failed',
      where: this.name,
      what: pid === undefined ? 'cannot be started' : 'ended unexpectedly',
      got: pid === undefined ? lastWords : lines.length === 0 ? how : `${how}, and last it said ${lastWords}`,
    });
  }
}
