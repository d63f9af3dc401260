import { answers, until } from '../../testbed/rig/wait.ts';
import type { Run } from './record.ts';
import { fleets } from './scenarios.ts';
import { startContainers } from './servers/containers.ts';
import { startGroups } from './servers/groups.ts';
import { ports, type Server, type Servers } from './servers/server.ts';

/** CPU cores of a server of size 1. */
const unitCores = 0.025;
/** CPU cores that a stack can use: all its servers, HAProxy, the controller and the load generator. */
const stackCores = 13 * unitCores + 0.075;
const startMs = 90_000;

/** How many stacks can run on a machine at the same time without slowing each other. */
export function stacksFor(cores: number): number {
  return Math.max(1, Math.floor(cores / stackCores));
}

/** Starts the servers of one stack. Resolves when all of them answer and their quotas are set. */
export async function startFleet(
  { servers: kind, atOnce }: Pick<Run, 'servers' | 'atOnce'>,
  sizes: keyof typeof fleets,
  run: string,
  stack: number,
  signal: AbortSignal,
): Promise<Servers> {
  const plans = Object.entries(fleets[sizes]).map(([name, size]) => ({ name, cores: size * unitCores, atOnce }));
  const servers = await (kind === 'containers' ? startContainers(run, plans) : startGroups(run, stack, plans));
  try {
    const answer = async () => (await Promise.all(servers.list.map(isUp))).every(Boolean);
    await until(`the start of the servers of stack ${stack + 1}`, answer, { limitMs: startMs, signal });
    await Promise.all(servers.list.map((server) => server.limit()));
    return servers;
  } catch (error) {
    await servers[Symbol.asyncDispose]();
    throw error;
  }
}

async function isUp({ host }: Server): Promise<boolean> {
  const urls = [`http://${host}:${ports.control}/`, `http://${host}:${ports.agent}/v1/snapshot`];
  return (await Promise.all(urls.map(answers))).every(Boolean);
}
