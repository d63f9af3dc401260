import { type Faults, setFaults } from '../../../testbed/rig/app/control.ts';
import type { Fault } from '../scenarios.ts';

/** A server of a stack: an application with its agent beside it, in a control group of its own. */
export interface Server {
  readonly name: string;
  /** Its CPU quota. */
  readonly cores: number;
  /** Where the application and its agent answer. */
  readonly host: string;
  /** CPU time that everything in the group used since it was made, in ms. */
  usedCpuMs(): number;
  /** Holds it to its quota from now on. Until then it has none: with one, the start alone would take a minute. */
  limit(): Promise<void>;
}

/** The servers of one stack. They stop when it is disposed of. */
export interface Servers extends AsyncDisposable {
  readonly list: readonly Server[];
}

export interface ServerPlan {
  readonly name: string;
  readonly cores: number;
}

/** Every server has an address of its own, so the ports are the same everywhere. */
export const ports = { agent: 9477, app: 9480, control: 9481 } as const;

/** What one server may use of memory, in bytes. Agent and application need less than half of it. */
export const memoryBytes = 256 * 1024 * 1024;

/**
 * Command line of a server: the agent, which starts the application. `node`: Node.js where the server runs; `root`: the
 * repository there.
 */
export function serverCommand(node: string, root: string, { name }: ServerPlan, host: string): readonly string[] {
  const agent = ['agent', '--name', name, '--scope', 'cgroup', '--listen', `${host}:${ports.agent}`];
  const vm = ['--link-speed', '1G', '--insecure', '--log-level', 'error'];
  const app = ['--name', name, '--listen', `${host}:${ports.app}`, '--control', `${host}:${ports.control}`];
  return [node, `${root}/cli/bin.ts`, ...agent, ...vm, '--', node, `${root}/testbed/rig/app/main.ts`, ...app];
}

const statusOfFailing = 500;

/** null ends whatever there was. */
export async function setFault({ host }: Server, fault: Fault | null): Promise<void> {
  await setFaults(`http://${host}:${ports.control}`, { burners: 0, failing: 0, gone: 0, ...faultsOf(fault) });
}

function faultsOf(fault: Fault | null): Partial<Faults> {
  if (fault?.kind === 'burn') return { burners: fault.processes };
  if (fault?.kind === 'failing') return { failing: statusOfFailing };
  return fault?.kind === 'gone' ? { gone: 1 } : {};
}
