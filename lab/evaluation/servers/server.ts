import { agentPort } from '../../../shared/contract/endpoints.ts';
import { type Faults, setFaults } from '../../../testbed/rig/app/control.ts';
import type { Fault } from '../scenarios.ts';

/** A server of a stack: an application and its agent in their own control group. */
export interface Server {
  readonly name: string;
  /** Its CPU quota. */
  readonly cores: number;
  /** Where the application and its agent answer. */
  readonly host: string;
  /** CPU time that the whole group has used since it was created, in ms. */
  usedCpuMs(): number;
  /** Sets its quota. Until then it has none: with a quota, the start alone would take a minute. */
  limit(): Promise<void>;
}

/** The servers of one stack. They stop when it is disposed of. */
export interface Servers extends AsyncDisposable {
  readonly list: readonly Server[];
}

export interface ServerPlan {
  readonly name: string;
  readonly cores: number;
  /** Requests that share its CPU; 1 unless given. */
  readonly atOnce?: number;
}

/** Every server has its own address, so the ports are the same everywhere. */
export const ports = { agent: agentPort, app: 9480, control: 9481 } as const;

/** Memory limit of one server, in bytes. Agent and application need less than half of it. */
export const memoryBytes = 256 * 1024 * 1024;

/**
 * Command line of a server: the agent, which starts the application. `node`: path of Node.js where the server runs; `root`:
 * path of the repository there.
 */
export function serverCommand(
  node: string,
  root: string,
  { name, atOnce = 1 }: ServerPlan,
  host: string,
): readonly string[] {
  const agent = ['agent', '--name', name, '--scope', 'cgroup', '--listen', `${host}:${ports.agent}`];
  const vm = ['--link-speed', '1G', '--insecure', '--log-level', 'error'];
  const app = ['--name', name, '--listen', `${host}:${ports.app}`, '--control', `${host}:${ports.control}`];
  const kind = ['--at-once', `${atOnce}`];
  return [node, `${root}/cli/bin.ts`, ...agent, ...vm, '--', node, `${root}/testbed/rig/app/main.ts`, ...app, ...kind];
}

const statusOfFailing = 500;

/** Sets the server's fault; null ends it. */
export async function setFault({ host }: Server, fault: Fault | null): Promise<void> {
  await setFaults(`http://${host}:${ports.control}`, {
    burners: 0,
    failing: 0,
    gone: 0,
    waitMs: 0,
    ...faultsOf(fault),
  });
}

function faultsOf(fault: Fault | null): Partial<Faults> {
  if (fault?.kind === 'burn') return { burners: fault.processes };
  if (fault?.kind === 'failing') return { failing: statusOfFailing };
  if (fault?.kind === 'waiting') return { waitMs: fault.waitMs };
  return fault?.kind === 'gone' ? { gone: 1 } : {};
}
