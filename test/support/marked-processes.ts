import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes that have `NAME=value` in their environment, which they inherited. */
export function processesMarked(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => environment(pid).includes(mark))
    .map(Number);
}

/** Command line of a process, words separated by spaces; empty where it has ended. */
export function commandLine(pid: number): string {
  return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function environment(pid: string): readonly string[] {
  return readOrEmpty(`/proc/${pid}/environ`).split('\0');
}

/** Empty for a process that ended meanwhile, or is another user's. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
