import { canonicalAddress, type Listener, parseListeners } from '../kernel/listeners.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { type Application, applicationsOf } from './applications.ts';

/** The port that an operator names. */
export interface PortChoice {
  readonly port: number;
  /** The address at which the application takes connections; absent: the operator names none. */
  readonly address?: string;
  /** Where the agent itself listens: most often the server's address, too. */
  readonly agentAddress?: string;
}

/** Which process stands for the application. */
export interface PortOwner {
  readonly pid: number;
  /** Processes of the same application that are not of its tree: they share the port with it (SO_REUSEPORT). */
  readonly others: readonly number[];
}

/** So many unrelated owners are named. */
const maxNamed = 4;

/**
 * The process that listens on a port; of a parent and its workers the parent. Any user may listen on the port at another address
 * of this machine, so of several applications none is taken but one that is certain.
 */
export function findPortOwner(files: ProcRoot, choice: PortChoice): PortOwner | Unavailable {
  const { port, address } = choice;
  const listeners = listenersOn(files, choice);
  if (listeners.length === 0) {
    const where = address === undefined ? `port ${port}` : `${address}, port ${port},`;
    const hint = 'if the kernel forwards it to a container, measure the container';
    return unavailable('target-gone', `no process listens on ${where} here; ${hint}`);
  }
  const applications = applicationsOf(files, listeners);
  const application = applications.length === 1 ? applications[0] : certainOf(applications, choice);
  if (application === undefined) return several(applications, port);
  const [pid, ...others] = application.pids;
  if (pid !== undefined) return { pid, others };
  if (application.isManaged) {
    return unavailable('target-gone', `systemd holds port ${port} for a service that has not started yet`);
  }
  return unavailable(
    'no-permission',
    `the process that listens on port ${port} is another user's: run the agent as root`,
  );
}

/** The sockets that take connections to the port, and to the address where one was named. */
export function listenersOn(files: ProcRoot, { port, address }: PortChoice): readonly Listener[] {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => files.textOrNull(path) ?? '');
  const all = tables.flatMap((text) => parseListeners(text, port));
  return address === undefined ? all : reachedBy(address, all);
}

/** The kernel prefers a socket of the very address, then one of any address; an IPv6 one takes IPv4 where no other does. */
function reachedBy<Socket extends Pick<Listener, 'address'>>(
  address: string,
  listeners: readonly Socket[],
): readonly Socket[] {
  const wanted = canonicalAddress(address);
  const fallbacks = wanted?.includes(':') ? ['::'] : ['0.0.0.0', '::'];
  const at = [wanted, ...fallbacks].find((each) => listeners.some((listener) => listener.address === each));
  return listeners.filter((listener) => listener.address === at);
}

/**
 * The one at the agent's own address, if no other user could have put itself there: it is root's, or all are of one user.
 * undefined where it is not certain.
 */
function certainOf(applications: readonly Application[], { agentAddress }: PortChoice): Application | undefined {
  if (agentAddress === undefined) return undefined;
  const [listener] = reachedBy(
    agentAddress,
    applications.flatMap(({ listeners }) => listeners),
  );
  if (listener === undefined) return undefined;
  const users = new Set(applications.flatMap(({ listeners }) => listeners.map(({ uid }) => uid)));
  if (listener.uid !== 0 && users.size > 1) return undefined;
  return applications.find(({ listeners }) => listeners.includes(listener));
}

function several(applications: readonly Application[], port: number): Unavailable {
  const names = applications.slice(0, maxNamed).map(({ pids, listeners }) => {
    const [listener] = listeners;
    return `${pids[0] === undefined ? 'an unknown one' : `process ${pids[0]}`} of user ${listener?.uid} at ${listener?.address}`;
  });
  const what = `port ${port} is held by ${applications.length} unrelated applications: ${names.join(', ')}`;
  return unavailable('failed', `${what}. Name the right one's address: --port ADDRESS:${port}`);
}
