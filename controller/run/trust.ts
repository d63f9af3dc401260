import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Peer } from '../../shared/process/peer.ts';

/** What a user and process namespace shows for every id that it does not know (user_namespaces(7)). */
const overflowId = 65_534;
const write = 0o2;
const search = 0o1;

/**
 * Whether a process may do what its claim is about: write to this path, a socket or a file. Root and this user may; of another
 * user, owner, groups and modes of the path and its folders tell. So a process that takes the name of a claim only to keep
 * controllers from starting is not believed, unless it may set the weights itself anyway. null: whose it is cannot be told.
 */
export function mayWrite(path: string, peer: Peer | null): boolean {
  if (peer === null || peer.uid === 0 || isId(peer.uid, process.getuid?.() ?? -1, 'uid')) return true;
  try {
    const real = realpathSync(path);
    return allows(statSync(real), peer, write) && foldersOf(real).every((each) => allows(statSync(each), peer, search));
  } catch {
    return false;
  }
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersOf(folder)];
}

/** As the kernel does it: only the first of owner, group and others that fits counts. */
function allows({ uid, gid, mode }: Stats, peer: Peer, right: number): boolean {
  if (isId(peer.uid, uid, 'uid')) return (mode & (right << 6)) !== 0;
  if (peer.gids.some((each) => isId(each, gid, 'gid'))) return (mode & (right << 3)) !== 0;
  return (mode & right) !== 0;
}

/** Whether both are the same user or group: an id that stands for all unknown ones is none. */
function isId(one: number, other: number, kind: 'uid' | 'gid'): boolean {
  return one === other && (one !== overflowId || isEveryIdKnown(kind));
}

function isEveryIdKnown(kind: 'uid' | 'gid'): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync(`/proc/self/${kind}_map`, 'utf8'));
  } catch {
    return false;
  }
}
