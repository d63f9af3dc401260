import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Problem } from '../../shared/contract/problem.ts';

/** What to do about it, by the system's code. */
const fixes: Readonly<Record<string, string>> = {
  ENOENT: 'Make the folder, or name another file: --record FILE.',
  ENOTDIR: 'Name a file in a folder: --record FILE.',
  EISDIR: 'Name a file in that folder: --record FILE.',
  EACCES: 'Let this user write there, or name another file: --record FILE.',
  EPERM: 'Let this user write there, or name another file: --record FILE.',
  EROFS: 'Name a file on a disk that can be written, or allow it in the systemd unit (StateDirectory=).',
  ENOSPC: 'Make room on that disk.',
  EDQUOT: 'Make room, or raise the quota.',
};

/** A failed write in words. */
export function recordProblem(file: string, cause: unknown): Problem {
  const { code, message } = cause as NodeJS.ErrnoException;
  return {
    code: 'record-unwritable',
    where: file,
    what: 'the recording cannot be written',
    expected: 'a file that this user may write, in a folder that exists',
    got: code ?? message,
    fix: fixes[code ?? ''] ?? 'Name another file: --record FILE.',
  };
}

/** Whether the file could be written now; nothing is made or changed. null: yes. */
export async function checkRecordFile(file: string): Promise<Problem | null> {
  try {
    const facts = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (facts?.isDirectory()) return recordProblem(file, { code: 'EISDIR' });
    if (facts !== null && !facts.isFile()) return recordProblem(file, { code: 'not a regular file' });
    if (facts === null) await access(dirname(file), constants.W_OK | constants.X_OK);
    else await access(file, constants.R_OK | constants.W_OK);
    return null;
  } catch (cause) {
    return recordProblem(file, cause);
  }
}
