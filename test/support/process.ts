import { Child, type Ended } from '../../testbed/rig/child.ts';
import { programs } from '../../testbed/rig/programs.ts';

export interface Finished extends Ended {
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

/** What a `haweight` runs in. */
export interface Surroundings {
  /** Command and arguments that become it, such as prlimit and its limits. */
  readonly through?: readonly string[];
  /** Where its standard error goes instead of to us: a descriptor of this process, or a pipe that is not read. */
  readonly stderr?: number | 'unread';
  /** Arguments for Node.js itself. */
  readonly node?: readonly string[];
  /** Further variables of its environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Tests look for events in the whole log. */
const keptCharacters = 64 * 1024 * 1024;

/** A `haweight`, run as users run it. */
export class Haweight extends Child {
  readonly finished: Promise<Finished>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}, surroundings: Surroundings = {}) {
    const { node = [], ...options } = surroundings;
    super(`haweight ${args[0]}`, [process.execPath, ...node, programs.haweight, ...args], {
      ...options,
      environment: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment },
      stdout: true,
      keptCharacters,
    });
    this.finished = this.ended.then((ended) => ({ ...ended, stdout: this.stdout, stderr: this.stderr }));
  }

  /** The events that it has logged so far with this message. */
  events(message: string): readonly LogEvent[] {
    const lines = this.stderr.split('\n').slice(0, -1);
    const events = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogEvent);
    return events.filter((event) => event.message === message);
  }

  /** Ends it as systemd would, without a time limit, and gives what it said. */
  override async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.signal(signal);
    return await this.finished;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Runs one command to its end. */
export async function haweight(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
  await using process = new Haweight(args, environment);
  return await process.finished;
}
