import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesMarked } from '../demo/marked-processes.ts';

/** One of the programs of longrun/, whose processes and files can be found again: they all have its temporary folder. */
export class Program implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'haweight-longrun-test-'));
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  output = '';
  errors = '';

  constructor(name: 'promise' | 'soak', ...flags: readonly string[]) {
    const program = new URL(`../../longrun/${name}/main.ts`, import.meta.url).pathname;
    this.#child = spawn(process.execPath, [program, ...flags], {
      env: { ...process.env, TMPDIR: this.#folder, NO_COLOR: '1', FORCE_COLOR: undefined },
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

  /** What it left in its temporary folder. */
  get files(): readonly string[] {
    return readdirSync(this.#folder);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Its exit code. */
  async end(): Promise<number | null> {
    const [code] = (await this.#ended) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.processes) process.kill(pid, 'SIGKILL');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
