import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
let made = 0;

/** Whether this process may make network namespaces: root, and not in most containers. */
export function canMakeNetworks(): boolean {
  const name = `haweight-${process.pid}-probe`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return false;
  const linked = spawnSync('ip', ['-n', name, 'link', 'add', 'probe', 'type', 'bridge']).status === 0;
  spawnSync('ip', ['netns', 'delete', name]);
  return linked;
}

/**
 * A network of its own: machines as network namespaces, each with an `eth0` on one bridge. Nothing of it is seen from
 * outside, so its addresses may be any.
 */
export class Network implements Disposable {
  readonly #prefix: string;
  readonly #machines: readonly string[];

  /** `machines`: the addresses of each by its name. */
  constructor(machines: Readonly<Record<string, readonly string[]>>) {
    made += 1;
    this.#prefix = `haweight-${process.pid}-${made}`;
    this.#machines = Object.keys(machines);
    try {
      const lan = this.namespace('switch');
      ip('netns', 'add', lan);
      ip('-n', lan, 'link', 'add', 'lan', 'type', 'bridge');
      ip('-n', lan, 'link', 'set', 'lan', 'up');
      for (const [name, addresses] of Object.entries(machines)) {
        const own = this.namespace(name);
        ip('netns', 'add', own);
        ip('-n', lan, 'link', 'add', `port-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own);
        ip('-n', lan, 'link', 'set', `port-${name}`, 'master', 'lan', 'up');
        for (const address of addresses) ip('-n', own, 'address', 'add', `${address}/24`, 'dev', 'eth0');
        ip('-n', own, 'link', 'set', 'lo', 'up');
        ip('-n', own, 'link', 'set', 'eth0', 'up');
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The prefix of a command that runs on this machine. It becomes the command, with the same process id. */
  on(machine: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace(machine)];
  }

  /** Whether the machine has this address now, besides its own. */
  async has(machine: string, address: string): Promise<boolean> {
    const { stdout } = await run('ip', ['-n', this.namespace(machine), '-o', 'address', 'show', 'dev', 'eth0']);
    return stdout.includes(` inet ${address}/`);
  }

  /** Pulls its cable. */
  cut(machine: string): void {
    ip('-n', this.namespace('switch'), 'link', 'set', `port-${machine}`, 'down');
  }

  namespace(machine: string): string {
    return `${this.#prefix}-${machine}`;
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#machines, 'switch']) spawnSync('ip', ['netns', 'delete', this.namespace(name)]);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
