import { parseCount } from './numbers.ts';
import type { ProcRoot } from './proc-root.ts';

const folder = '/sys/kernel/mm/hugepages';

/** Free pages that are promised to nobody, in the pools of huge pages of other sizes than `exceptKib`; in bytes. */
export function freeHugeBytesBeside(files: ProcRoot, exceptKib: number | null): number {
  let bytes = 0;
  for (const name of files.names(folder) ?? []) {
    const pageKib = parseCount(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
    if (pageKib === null || pageKib === exceptKib) continue;
    const count = (file: string) => parseCount(files.textOrNull(`${folder}/${name}/${file}`)?.trim()) ?? 0;
    bytes += Math.max(0, count('free_hugepages') - count('resv_hugepages')) * pageKib * 1024;
  }
  return bytes;
}
