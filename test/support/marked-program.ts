import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type Ended } from '../../testbed/rig/child.ts';
import { until } from '../../testbed/rig/wait.ts';
import { commandLine, processesMarked } from './marked-processes.ts';

/** A program whose processes and files can be found again: they all have its temporary folder. */
export class MarkedProgram implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'haweight-program-test-'));
  readonly #child: Child;

  /** `program`: a path from the top of the repository. */
  constructor(program: string, ...args: readonly string[]) {
    const path = new URL(`../../${program}`, import.meta.url).pathname;
    this.#child = new Child(program, [process.execPath, path, ...args], {
      environment: { ...process.env, TMPDIR: this.#folder, NO_COLOR: '1', FORCE_COLOR: undefined },
      stdout: true,
      keptCharacters: 1_000_000,
    });
  }

  get output(): string {
    return this.#child.stdout;
  }

  get errors(): string {
    return this.#child.stderr;
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

  /** To the whole group, as a terminal sends it. */
  signal(name: NodeJS.Signals): void {
    this.#child.signalGroup(name);
  }

  async end(): Promise<Ended> {
    return await this.#child.ended;
  }

  async waitFor(what: string, isSo: () => boolean): Promise<void> {
    await until(() => `${what}: ${this.output} ${this.errors}`, isSo);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.processes) process.kill(pid, 'SIGKILL');
    await this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
