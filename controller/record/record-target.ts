import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { lineBeginning } from './recording.ts';

/** As many as the kernel follows (path_resolution(7)). */
const maxLinks = 40;
/** Mode bit of a folder: every user may make and link files there. */
const writableByOthers = 0o002;

/** What keeps a path from being recorded to; words take the place of the system's code. */
export const refusals = {
  notRegular: 'not a regular file',
  noRecording: 'a file that is no recording',
  foreign: "another user's file or link, in a folder that every user may write",
} as const;

/** `path`: what keeps it from that, which may be an older file that would be renamed. */
function refused(why: (typeof refusals)[keyof typeof refusals], path: string): Error {
  return Object.assign(new Error(why), { code: why, path });
}

/**
 * The file itself, where symbolic links lead to it: it is rotated beside itself, not beside a link. Throws where a link is not
 * to be followed: in a folder that every user may write, only our own and those of the folder's owner are, as the kernel has it
 * with fs.protected_symlinks.
 */
export async function realFile(file: string, links = maxLinks): Promise<string> {
  const path = join(await realpath(dirname(file)), basename(file));
  const facts = await factsOf(path);
  if (facts?.isSymbolicLink() !== true || links === 0) return path;
  await requireTrusted(path, facts);
  return await realFile(resolve(dirname(path), await readlink(path)), links - 1);
}

/** The file's size; 0 where there is none. Throws where it is not ours to write, or holds something else than ticks. */
export async function sizeOfRecording(path: string): Promise<number> {
  const facts = await factsOf(path);
  if (facts === null) return 0;
  await requireTrusted(path, facts);
  if (facts.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  if (!facts.isFile()) throw refused(refusals.notRegular, path);
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  await requireTicks(path, handle);
  return facts.size;
}

/** Opens it for appending; made for this user only where there is none. Throws like `sizeOfRecording`. */
export async function openRecording(path: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  // a recording tells addresses and traffic; a link or pipe that was put there meanwhile is not followed or waited for
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw refused(refusals.notRegular, path);
    await requireTrusted(path, facts);
    await requireTicks(path, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Of the path itself, which may be a link; null: there is nothing. */
async function factsOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function requireTrusted(path: string, { uid }: Stats): Promise<void> {
  if (uid === process.getuid?.()) return;
  const folder = await stat(dirname(path));
  if ((folder.mode & writableByOthers) !== 0 && uid !== folder.uid) throw refused(refusals.foreign, path);
}

/** A first line that was cut off is one, too. */
async function requireTicks(path: string, handle: FileHandle): Promise<void> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(lineBeginning.length), position: 0 });
  if (!lineBeginning.startsWith(buffer.toString('latin1', 0, bytesRead))) throw refused(refusals.noRecording, path);
}
