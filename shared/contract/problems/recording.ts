import type { Problem } from '../problem.ts';

/** Problems of recordings that are read. */

const expected = 'a file that haweight controller --record wrote';

export function recordingUnreadable(file: string, got: string): Problem {
  return { code: 'recording-unreadable', where: file, what: 'the recording cannot be read', expected, got };
}

/** `where` is the file and the line. */
export function recordingDamaged(where: string, what: string): Problem {
  return { code: 'recording-damaged', where, what };
}

export function recordingUseless(files: readonly string[]): Problem {
  return { ...recordingDamaged(files.join(', '), 'it has no usable tick'), expected };
}
