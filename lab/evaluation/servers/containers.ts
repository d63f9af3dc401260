import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProblemError, quote } from '../../../shared/contract/problem.ts';
import { quotaOf } from './quota.ts';
import { memoryBytes, type Server, type ServerPlan, type Servers, serverCommand } from './server.ts';
import { usedCpuReader } from './used-cpu.ts';

const run = promisify(execFile);
const root = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
const image = process.env['NODE_IMAGE'] ?? 'node:24-bookworm-slim';
/** Label of all containers of experiments, to find those that a killed run left behind. */
const label = 'haweight.experiment';
const commandMs = 60_000;

/** Whether a container engine answers. */
export async function hasEngine(): Promise<boolean> {
  return await docker('info', '--format', '{{.ServerVersion}}').then(
    () => true,
    () => false,
  );
}

/** Removes the containers that an earlier run on these results left behind. `run` names the results. */
export async function removeLeftContainers(run: string): Promise<void> {
  const ids = (await docker('ps', '--all', '--quiet', '--filter', `label=${label}=${run}`)).split('\n').filter(Boolean);
  if (ids.length > 0) await docker('rm', '--force', ...ids);
}

/**
 * Each server a container: read-only, not root, without capabilities; its code is this repository. */
export async function startContainers(run: string, plans: readonly ServerPlan[]): Promise<Servers> {
  const ids: string[] = [];
  const remove = async () => {
    if (ids.length > 0) await docker('rm', '--force', ...ids.splice(0));
  };
  const start = async (plan: ServerPlan): Promise<Server> => {
    const limits = [`--memory=${memoryBytes}`, '--pids-limit=200'];
    const rights = ['--read-only', '--user=1000:1000', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
    const options = ['--detach', '--init', `--label=${label}=${run}`, `--volume=${root}:/haweight:ro`];
    const command = serverCommand('node', '/haweight', plan, '0.0.0.0');
    const id = (await docker('run', ...options, ...limits, ...rights, image, ...command)).trim();
    ids.push(id);
    const format = '{{.State.Pid}} {{.NetworkSettings.IPAddress}}';
    const [pid = '', host = ''] = (await docker('inspect', '--format', format, id)).trim().split(' ');
    return { ...plan, host, usedCpuMs: usedCpuReader({ pid: Number(pid) }), limit: () => limit(id, plan.cores) };
  };
  try {
    const list = await Promise.all(plans.map(start));
    return { list, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function limit(id: string, cores: number): Promise<void> {
  const { quotaUs, periodUs } = quotaOf(cores);
  await docker('update', `--cpu-period=${periodUs}`, `--cpu-quota=${quotaUs}`, id);
}

async function docker(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('docker', args, { timeout: commandMs });
    return stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as { stderr?: string; message: string };
    throw new ProblemError({
      code: 'command-failed',
      where: `docker ${args[0]}`,
      what: 'the container engine refused',
      got: quote((stderr || message).trim(), 300),
      fix: 'Check `docker info`, or choose --servers cgroups.',
    });
  }
}
