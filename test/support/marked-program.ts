import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, processesMarked } from './marked-processes.ts';
import { until } from './until.ts';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * A program whose processes and files can be found again: they all have its temporary folder. It leads a process group,
 * as the command of a terminal does, so that a Ctrl-C can be sent as a terminal sends it.
 */
export class MarkedProgram implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'haweight-program-test-'));
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  output = '';
  errors = '';

  /** `program`: a path from the top of the repository. */
  constructor(program: string, ...args: readonly string[]) {
    const path = new URL(`../../${program}`, import.meta.url).pathname;
    this.#child = spawn(process.execPath, [path, ...args], {
      env: { ...process.env, TMPDIR: this.#folder, NO_COLOR: '1', FORCE_COLOR: undefined },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
  }

  /** Those that it started and that still run, and itself. */
  get processes(): readonly number[] {
    return processesMarked(`TMPDIR=${this.#folder}`);
  }

  /** Command lines of the same. */
  get commands(): readonly string[] {
    return this.processes.map(commandLine);
  }

  /** What it left in its temporary folder. */
  get files(): readonly string[] {
    return readdirSync(this.#folder);
  }

  /** To the whole group. */
  signal(name: NodeJS.Signals): void {
    process.kill(-(this.#child.pid ?? 0), name);
  }

  async end(): Promise<Ended> {
    const [code, signal] = (await this.#ended) as [number | null, string | null];
    return { code, signal };
  }

  async waitFor(what: string, isSo: () => boolean): Promise<void> {
    await until(() => `${what}: ${this.output} ${this.errors}`, isSo);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.processes) process.kill(pid, 'SIGKILL');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
