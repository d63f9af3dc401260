import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * A command of sh in a terminal of its own, which the program `script` makes: what is typed goes through the kernel's terminal,
 * so Ctrl-C reaches all processes in its foreground.
 */
export class Terminal implements AsyncDisposable {
  /** What is shown. */
  screen = '';
  readonly #script: ChildProcess;

  constructor(command: string, environment: NodeJS.ProcessEnv = {}) {
    this.#script = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
      env: { ...process.env, SHELL: '/bin/sh', NO_COLOR: '1', FORCE_COLOR: undefined, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    this.#script.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.screen += text;
    });
    this.#script.stdin?.on('error', () => undefined);
  }

  type(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  /** As when its window is closed. */
  close(): void {
    this.#script.kill('SIGKILL');
  }

  /** Resolves with the exit code of the command when it has ended. */
  async ended(): Promise<number | null> {
    const { exitCode } = this.#script;
    if (exitCode !== null) return exitCode;
    const [code] = (await once(this.#script, 'exit')) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#script.exitCode !== null || this.#script.signalCode !== null) return;
    this.close();
    await once(this.#script, 'exit');
  }
}
