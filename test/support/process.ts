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
  readonly detail?: string;
  readonly changes?: readonly { readonly server: string; readonly from: number; readonly to: number }[];
}

/** What a `haweight` of our own runs in. */
export interface Surroundings {
  /** Command and arguments that become it, such as prlimit and its limits. */
  readonly through?: readonly string[];
  /** Where its standard error goes instead of to us: a descriptor of ours, or a pipe that nobody reads. */
  readonly stderr?: number | 'unread';
  /** Arguments for Node.js itself. */
  readonly node?: readonly string[];
}

/** A `haweight` of our own, run as users run it. */
export class Haweight implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}, surroundings: Surroundings = {}) {
    const { through = [], stderr = 'pipe', node = [] } = surroundings;
    const stdio: StdioOptions = ['ignore', 'pipe', stderr === 'unread' ? 'pipe' : stderr];
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment };
    const [program = process.execPath, ...rest] = [...through, process.execPath, ...node, bin, ...args];
    this.child = spawn(program, rest, { stdio, env });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    if (stderr !== 'unread') {
      this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.stderr += text;
      });
    }
    // an unread pipe never closes
    this.finished = once(this.child, stderr === 'unread' ? 'exit' : 'close').then(([code]) => {
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
