import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot } from '../../../support/root.ts';

/** A file system of this size, in a mount namespace of the process alone; root can do so, others in a user namespace. */
const size = '128k';
const namespaces = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

/** Whether this machine allows mounting a small disk. */
export const canMount = spawnSync('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** A small disk of a process's own, which is full when the process starts. Its standard error is a file there. */
export class FullDisk {
  /** Where that process sees it. */
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'disk');
    mkdirSync(this.path);
  }

  /** What starts the process that has it. */
  get through(): readonly string[] {
    const { path } = this;
    const mount = `mount -t tmpfs -o size=${size} none ${path}`;
    const fill = `cat /dev/zero > ${path}/filler 2>/dev/null`;
    const script = `${mount} && { ${fill}; exec "$@" 2>> ${path}/log; }`;
    return ['unshare', ...namespaces, 'sh', '-c', script, 'sh'];
  }

  /** Makes room. */
  async free(pid: number): Promise<void> {
    await rm(this.#seenBy(pid, 'filler'));
  }

  async read(pid: number, name: string): Promise<string> {
    return await readFile(this.#seenBy(pid, name), 'utf8');
  }

  #seenBy(pid: number, name: string): string {
    return join(`/proc/${pid}/root`, this.path, name);
  }
}
