import type { Scope } from '../../shared/contract/snapshot.ts';
import type { MachineUnits } from '../kernel/auxv.ts';
import type { Cgroup } from '../kernel/cgroup.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import type { ProcessTree } from './process-tree.ts';

/** What is measured, found and ready to be read. */
export type Target =
  | { readonly kind: 'host' }
  | { readonly kind: 'cgroup'; readonly cgroup: Cgroup }
  | {
      readonly kind: 'process';
      readonly tree: ProcessTree;
      readonly port: number | null;
      /** Other processes that listen on the port and are not of the tree, as when the tree was found. */
      readonly othersOnPort?: () => readonly number[];
    };

/** What the operator says of the machine where the kernel cannot know; null: ask the kernel. */
export interface ConfiguredLimits {
  /** CPU cores that the scope may use, > 0. */
  readonly cores: number | null;
  readonly memoryBytes: number | null;
  readonly linkBitsPerSecond: number | null;
  readonly threads: number | null;
  /** The one network interface to watch. */
  readonly interface: string | null;
}

/** What every collector is given. */
export interface Surroundings {
  readonly files: ProcRoot;
  readonly units: MachineUnits;
  readonly target: Target;
  readonly configured: ConfiguredLimits;
}

export function describeTarget(target: Target): Scope {
  if (target.kind === 'host') return { kind: 'host' };
  if (target.kind === 'cgroup') {
    const { version, path } = target.cgroup.location;
    return { kind: 'cgroup', version, path: path.slice(0, 300) };
  }
  const pid = target.tree.rootPid ?? 0;
  return target.port === null ? { kind: 'process', pid } : { kind: 'process', pid, port: target.port };
}
