import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

const bin = new URL('../../cli/bin.ts', import.meta.url).pathname;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of its log. */
export interface LogEvent {
  readonly message: string;
  readonly server?: string;
  readonly code?: string;
  readonly changes?: readonly { readonly server: string; readonly from: number; readonly to: number }[];
}

/** A `haweight` of our own, run as users run it. */
export class Haweight implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment };
    this.child = spawn(process.execPath, [bin, ...args], { stdio, env });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.finished = once(this.child, 'close').then(([code]) => {
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** The events that it has logged so far with this message. */
  events(message: string): readonly LogEvent[] {
    const lines = this.stderr.split('\n').slice(0, -1);
    const events = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogEvent);
    return events.filter((event) => event.message === message);
  }

  /** Ends it as systemd would, and gives what it said. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.child.kill(signal);
    return await this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}

/** Runs one command to its end. */
export async function haweight(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
  await using process = new Haweight(args, environment);
  return await process.finished;
}
