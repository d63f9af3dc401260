import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/*
 * The place that systemd gives the controller for as long as its unit runs (RuntimeDirectory=). What a controller leaves there,
 * `haweight restore --after-exit` reads after it was killed. Only files of our own user count: the folder may be any folder.
 */

const maxBytes = 16 * 1024 * 1024;

/** The path of a file in the first of systemd's runtime folders; null where it has given none. */
export function ownFile(name: string, environment: NodeJS.ProcessEnv): string | null {
  const [folder = ''] = (environment['RUNTIME_DIRECTORY'] ?? '').split(':');
  return folder === '' ? null : join(folder, name);
}

/** Leaves a file, whole or not at all. Where that fails the file is gone: what it said before is true no longer. */
export function leaveOwnFile(file: string, content: unknown): void {
  const next = `${file}.new`;
  try {
    // not with `recursive`, which never returns in /proc
    if (!existsSync(dirname(file))) mkdirSync(dirname(file));
    rmSync(next, { force: true });
    // a file that is there in spite of that is another user's, or a link to one
    writeFileSync(next, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(next, file);
  } catch {
    removeOwnFile(file);
  }
}

function removeOwnFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // a folder, or another user's: it is not read either
  }
}

/** The text of such a file; null: there is none, or it is no plain file of our own user. */
export function readOwnFile(file: string): string | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, size } = fstatSync(descriptor);
    const isOurs = fstatSync(descriptor).isFile() && uid === process.geteuid?.() && size <= maxBytes;
    return isOurs ? readFileSync(descriptor, 'utf8') : null;
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
