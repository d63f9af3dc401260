import type { Snapshot } from '../../shared/contract/snapshot.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { machineCores } from './effective-cores.ts';

/** What agents on one machine have in common, whatever each of them measures; absent where the kernel does not say. */
type Machine = Pick<Snapshot, 'machine' | 'machineCores'>;

const bootId = /^[0-9a-f-]{36}$/;

export function readMachine(files: ProcRoot): Machine {
  const machine = files.textOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  const cores = machineCores(files);
  return {
    ...(bootId.test(machine) ? { machine } : {}),
    ...(cores === null ? {} : { machineCores: cores }),
  };
}
