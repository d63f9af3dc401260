import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where system packages put it; not on the PATH of every user. */
const systemFolders = ['/usr/sbin', '/usr/local/sbin'];

/** The haproxy program: the variable HAPROXY, else the first on the PATH or in the system's folders; null where none is. */
export function findHaproxy(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment['HAPROXY'];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : null;
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...systemFolders].map((folder) => join(folder, 'haproxy')).find(isExecutable) ?? null;
}

/** The version that a program prints with -v, such as 2.6.12-1+deb12u4; null if it is not HAProxy. */
export function versionOfProgram(path: string): string | null {
  try {
    return (
      /^HA-?Proxy version (\S+)/m.exec(execFileSync(path, ['-v'], { encoding: 'utf8', timeout: 5_000 }))?.[1] ?? null
    );
  } catch {
    return null;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
