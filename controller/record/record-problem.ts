import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Problem } from '../../shared/contract/problem.ts';
import { realFile, refusals } from './record-target.ts';
import { checkFiles, type RotatingFileOptions } from './rotating-file.ts';

/** What to do about it, by the system's code. */
const fixes: Readonly<Record<string, string>> = {
  ENOENT: 'Make the folder, or name another file: --record FILE.',
  ENOTDIR: 'Name a file in a folder: --record FILE.',
  EISDIR: 'Name a file in that folder: --record FILE.',
  EACCES: 'Let this user write there, or name another file: --record FILE.',
  EPERM: 'Let this user write there, or name another file: --record FILE.',
  EROFS: 'Name a file on a disk that can be written, or allow it in the systemd unit (StateDirectory=).',
  ENOSPC: 'Make room on that disk.',
  [refusals.noRecording]:
    'Name another file: what it holds would be mixed with ticks, and be renamed or removed later.',
  [refusals.foreign]: 'Name a file in a folder of your own.',
  EDQUOT: 'Make room, or raise the quota.',
};

/** A failed write in words. */
export function recordProblem(file: string, cause: unknown): Problem {
  const { code, message, path } = cause as NodeJS.ErrnoException;
  const isRefusal = Object.values<string | undefined>(refusals).includes(code);
  return {
    code: 'record-unwritable',
    where: file,
    what: 'the recording cannot be written',
    expected: 'a file that this user may write, in a folder that exists',
    got: isRefusal ? `${code}: ${path}` : (code ?? message),
    fix: fixes[code ?? ''] ?? 'Name another file: --record FILE.',
  };
}

/** Whether the recording could be written now; nothing is made or changed. null: yes. */
export async function checkRecordFile({
  file,
  files,
}: Pick<RotatingFileOptions, 'file' | 'files'>): Promise<Problem | null> {
  try {
    await checkFiles({ file, files });
    const path = await realFile(file);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) await access(path, constants.R_OK | constants.W_OK);
    else await access(dirname(path), constants.W_OK | constants.X_OK);
    return null;
  } catch (cause) {
    return recordProblem(file, cause);
  }
}
