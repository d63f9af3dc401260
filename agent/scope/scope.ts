import { ProblemError, quote } from '../../shared/contract/problem.ts';
import type { Cgroup } from '../kernel/cgroup.ts';
import { parsePidStat } from '../kernel/pid-stat.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { unavailable } from '../kernel/unavailable.ts';
import { containerGroup, namedGroup } from './groups.ts';
import { findPortOwner } from './port-owner.ts';
import { ProcessTree } from './process-tree.ts';
import type { Target } from './target.ts';

/** What the operator wants to measure. */
export type ScopeChoice =
  | { readonly kind: 'host' }
  /** `path` null: the agent's own group. */
  | { readonly kind: 'cgroup'; readonly path: string | null }
  | { readonly kind: 'pid'; readonly pid: number }
  | { readonly kind: 'port'; readonly port: number };

/** Finds the target. Throws a ProblemError where there is none; a port may get its listener later. */
export function resolveScope(files: ProcRoot, choice: ScopeChoice): Target {
  switch (choice.kind) {
    case 'host':
      return { kind: 'host' };
    case 'cgroup':
      return { kind: 'cgroup', cgroup: findGroup(files, choice.path) };
    case 'pid':
      return { kind: 'process', tree: treeOfPid(files, choice.pid), port: null };
    case 'port': {
      const { port } = choice;
      return { kind: 'process', tree: new ProcessTree(files, () => findPortOwner(files, port)), port };
    }
  }
}

function findGroup(files: ProcRoot, path: string | null): Cgroup {
  const cgroup = path === null ? containerGroup(files) : namedGroup(files, path);
  if (cgroup !== null && (cgroup.location.unseen !== undefined || cgroup.exists())) return cgroup;
  throw new ProblemError({
    code: 'scope-unavailable',
    where: path === null ? '--scope cgroup' : '--cgroup',
    what: path === null ? 'no control groups are mounted here' : 'there is no such control group',
    expected: 'a group as /proc/PID/cgroup names it, such as /system.slice/app.service',
    ...(path === null ? {} : { got: quote(path) }),
    fix: 'See cat /proc/self/cgroup, or measure with --scope host.',
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

function startTicks(files: ProcRoot, pid: number): number | null {
  return parsePidStat(files.textOrNull(`/proc/${pid}/stat`) ?? '')?.startTicks ?? null;
}
