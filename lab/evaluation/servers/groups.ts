import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, quote } from '../../../shared/contract/problem.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { parentFolders } from './parent-group.ts';
import { quotaOf } from './quota.ts';
import { memoryBytes, type Server, type ServerPlan, type Servers, serverCommand } from './server.ts';
import { usedCpuReader } from './used-cpu.ts';

const root = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
/** Enters the groups of its first arguments, up to `--`, and becomes the program that follows. */
const enter = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';
/** A group can be removed once its last process is reaped: number of attempts, and the time between them in ms. */
const removals = 50;
const removalMs = 100;

/**
 * Each server is a control group below that of this process, without a container. Needs the right to make
 * groups: root's, or a delegated subtree. Servers have loopback addresses of their own.
 */
export async function startGroups(run: string, stack: number, plans: readonly ServerPlan[]): Promise<Servers> {
  await using starting = new AsyncDisposableStack();
  const list = plans.map((plan, index): Server => {
    const folders = makeFolders(`haweight-${run}-${stack}-${plan.name}`);
    starting.defer(() => removeFolders(folders));
    limitMemory(folders);
    const host = `127.0.${100 + stack}.${11 + index}`;
    const command = serverCommand(process.execPath, root, plan, host);
    const server = new Child(plan.name, command, { through: ['/bin/sh', '-c', enter, 'enter', ...folders, '--'] });
    starting.defer(async () => void (await server.kill()));
    const usedCpuMs = usedCpuReader({ folder: folders[0] ?? '' });
    return { ...plan, host, usedCpuMs, limit: async () => limitCpu(folders, plan.cores) };
  });
  const started = starting.move();
  return { list, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function makeFolders(name: string): readonly string[] {
  try {
    const folders = parentFolders().map((parent) => `${parent}/${name}`);
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    return folders;
  } catch (cause) {
    throw new ProblemError({
      code: 'command-failed',
      where: '--servers cgroups',
      what: 'no control group can be made here',
      got: quote((cause as Error).message, 300),
      fix: 'Run it as root, in a delegated group (systemd-run --user --scope -p Delegate=yes COMMAND), or with --servers containers.',
    });
  }
}

function limitCpu(folders: readonly string[], cores: number): void {
  const { quotaUs, periodUs } = quotaOf(cores);
  const isSet = folders.some(
    (folder) =>
      tryWrite(`${folder}/cpu.max`, `${quotaUs} ${periodUs}`) ||
      (tryWrite(`${folder}/cpu.cfs_period_us`, `${periodUs}`) && tryWrite(`${folder}/cpu.cfs_quota_us`, `${quotaUs}`)),
  );
  if (!isSet) throw new Error(`no quota could be set in ${folders.join(', ')}`);
}

function limitMemory(folders: readonly string[]): void {
  const files = folders.flatMap((folder) => [`${folder}/memory.max`, `${folder}/memory.limit_in_bytes`]);
  if (!files.some((file) => tryWrite(file, `${memoryBytes}`)))
    throw new Error(`no memory limit in ${folders.join(', ')}`);
}

/** Only into what the kernel put there. */
function tryWrite(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

async function removeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    for (let attempt = 1; !tryRemove(folder) && attempt < removals; attempt += 1) await sleep(removalMs);
  }
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
