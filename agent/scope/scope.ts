import { ProblemError, quote } from '../../shared/contract/problem.ts';
import type { Cgroup } from '../kernel/cgroup.ts';
import { parsePidStat } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { containerGroup, namedGroup, ownGroup } from './groups.ts';
import { findPortOwner, listenersOn, type PortChoice } from './port-owner.ts';
import { ProcessTree } from './process-tree.ts';
import type { Target } from './target.ts';

/** What the operator wants to measure. */
export type ScopeChoice =
  | { readonly kind: 'host' }
  /** `path` null: the group of the container that the agent is in; `own`: the agent's own, which may be a part of that. */
  | { readonly kind: 'cgroup'; readonly path: string | null; readonly own?: true }
  | { readonly kind: 'pid'; readonly pid: number }
  | ({ readonly kind: 'port' } & PortChoice);

/** Finds the target. Throws a ProblemError where there is none; a port may get its listener later. */
export function resolveScope(files: ProcRoot, choice: ScopeChoice): Target {
  switch (choice.kind) {
    case 'host':
      return { kind: 'host' };
    case 'cgroup':
      return { kind: 'cgroup', cgroup: findGroup(files, choice.path, choice.own ?? false) };
    case 'pid':
      return { kind: 'process', tree: treeOfPid(files, choice.pid), port: null };
    case 'port':
      return targetOfPort(files, choice);
  }
}

function findGroup(files: ProcRoot, path: string | null, own: boolean): Cgroup {
  const cgroup = path !== null ? namedGroup(files, path) : own ? ownGroup(files) : containerGroup(files);
  if (cgroup !== null && (cgroup.location.unseen !== undefined || cgroup.exists())) return cgroup;
  const ownMissing = cgroup === null ? 'no control groups are mounted here' : "the agent's control group is not there";
  throw new ProblemError({
    code: 'scope-unavailable',
    where: path === null ? '--scope cgroup' : '--cgroup',
    what: path === null ? ownMissing : 'there is no such control group',
    expected: 'a group as /proc/PID/cgroup names it, such as /system.slice/app.service',
    ...(cgroup === null && path === null ? {} : { got: quote(path ?? cgroup?.location.path ?? '') }),
    fix: 'See cat /proc/self/cgroup, or measure with --scope process or host.',
  });
}

/** A tree by pid. The pid alone is not enough: another process may get the same one later. */
function treeOfPid(files: ProcRoot, pid: number): ProcessTree {
  const start = startTicks(files, pid);
  if (start === null) {
    throw new ProblemError({
      code: 'scope-unavailable',
      where: '--pid',
      what: 'there is no such process',
      got: String(pid),
      fix: 'Name a running process, or the port that it listens on with --port.',
    });
  }
  return new ProcessTree(files, () =>
    startTicks(files, pid) === start ? pid : unavailable('target-gone', `process ${pid} ended`),
  );
}

/** While nothing listens anew, all processes are searched for the port's owner only at every fifth look: that takes long. */
const searchEvery = 5;

function targetOfPort(files: ProcRoot, choice: PortChoice): Target {
  let others: readonly number[] = [];
  let unknown: Unavailable | null = null;
  let [sockets, looks] = ['', 0];
  const findRoot = () => {
    const now = listenersOn(files, choice)
      .map(({ inode }) => inode)
      .join();
    looks += 1;
    if (unknown !== null && now === sockets && looks % searchEvery !== 0) return unknown;
    sockets = now;
    const owner = findPortOwner(files, choice);
    unknown = 'status' in owner ? owner : null;
    if ('status' in owner) return owner;
    others = owner.others;
    return owner.pid;
  };
  const tree = new ProcessTree(files, findRoot);
  return { kind: 'process', tree, port: choice.port, othersOnPort: () => others };
}

function startTicks(files: ProcRoot, pid: number): number | null {
  return parsePidStat(files.textOrNull(`/proc/${pid}/stat`) ?? '')?.startTicks ?? null;
}
