import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { until } from '../../../testbed/rig/wait.ts';
import { type Folder, temporaryFolder } from '../../support/temporary-folder.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../../..');

/**
 * A machine in namespaces, run by a real systemd; see machine.sh. Its files and sockets are reached through `path`, and it
 * has its own network. Ends with the test, even if that is killed.
 */
export class Machine implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: Folder;
  readonly #pid: string;

  private constructor(child: ChildProcess, folder: Folder, pid: string) {
    this.#child = child;
    this.#folder = folder;
    this.#pid = pid;
  }

  static async start(): Promise<Machine> {
    const folder = await temporaryFolder();
    const script = join(import.meta.dirname, 'machine.sh');
    const args = ['--mount', '--propagation', 'private', 'sh', script, folder.path, repository, process.execPath];
    const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [first] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'close')]);
    if (typeof first !== 'string') throw new Error(`no machine: ${String(first)}`);
    const machine = new Machine(child, folder, first);
    try {
      // before that it does not answer
      await until('systemd', () =>
        access(machine.path('/run/systemd/private')).then(
          () => true,
          () => false,
        ),
      );
      await until('systemd runs', () =>
        machine.run('systemctl', 'is-system-running').then(
          () => true,
          () => false,
        ),
      );
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A path of the machine as seen from outside. */
  path(inside: string): string {
    return `/proc/${this.#pid}/root${inside}`;
  }

  async write(inside: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    await writeFile(this.path(inside), text);
  }

  async read(inside: string): Promise<string> {
    return await readFile(this.path(inside), 'utf8').catch(() => '');
  }

  /** Runs a command as root inside and returns its output. Errors: it failed, with all of its output. */
  async run(...command: readonly string[]): Promise<string> {
    const enter = ['-t', this.#pid, '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', ...command];
    const { stdout } = await run('nsenter', enter, { timeout: 120_000 }).catch(
      (failure: { stdout: string; stderr: string }) => {
        throw new Error(`${command.join(' ')}: ${failure.stdout}${failure.stderr}`);
      },
    );
    return stdout.trim();
  }

  /** One property of a unit, as systemd knows it. */
  async show(unit: string, property: string): Promise<string> {
    return await this.run('systemctl', 'show', '--value', '-p', property, unit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
    await this.#folder[Symbol.asyncDispose]();
  }
}
