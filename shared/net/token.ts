import { statSync } from 'node:fs';
import { formatProblem, type Problem, ProblemError } from '../contract/problem.ts';
import { tokenExposed, tokenInvalid, tokenNotPassedOn, tokenUnreadable } from '../contract/problems/access.ts';
import { isMissingCredential } from '../process/credential.ts';
import { crypto } from '../process/footprint.ts';
import type { Log } from '../process/log.ts';
import { readSmallFile } from '../process/small-file.ts';

/** Shortest bearer token that is accepted, in characters. */
const minTokenLength = 16;
/** Larger than any token that an HTTP header may carry here. */
const maxFileBytes = 4 * 1024;
/** Mode bit: every user of the machine may read it. */
const readableByOthers = 0o004;
const tokenCharacters = /^[\x21-\x7e]+$/;

/**
 * A bearer token from a file (one line) or from the environment, never from the command line, where `ps` shows it. The
 * environment stands in for a file that systemd was to pass on and did not.
 *
 * Returns null where neither is given. Throws a ProblemError where the token cannot be used; logs a warning where every user
 * of the machine may read it.
 */
export function loadToken(tokenFile: string | undefined, variable: string, log: Pick<Log, 'warn'>): string | null {
  const where = tokenFile ?? variable;
  const text = tokenFile === undefined ? process.env[variable] : readTokenFile(tokenFile, variable, log);
  if (text === undefined) return null;
  const token = text.trim();
  if (token.length < minTokenLength || !tokenCharacters.test(token)) {
    throw new ProblemError(tokenInvalid(where, minTokenLength, token.length, tokenFile));
  }
  return token;
}

function readTokenFile(path: string, variable: string, log: Pick<Log, 'warn'>): string {
  try {
    const text = readSmallFile(path, { maxBytes: maxFileBytes, maxText: '4 KiB' });
    const exposed = tokenWarning(path);
    if (exposed !== null) log.warn('token problem', { code: exposed.code, detail: formatProblem(exposed) });
    return text;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    if (!isMissingCredential(path, code)) throw new ProblemError(tokenUnreadable(path, code));
    const token = process.env[variable];
    if (token === undefined) throw new ProblemError(tokenNotPassedOn(path, variable));
    return token;
  }
}

/** What does not stop the use of a token file, but does harm; null: nothing. */
export function tokenWarning(path: string): Problem | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  const isExposed = stats?.isFile() === true && (stats.mode & readableByOthers) !== 0;
  return isExposed ? tokenExposed(path) : null;
}

/** Whether an Authorization header carries the token. Takes the same time wherever the two differ. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : '';
  const { createHash, timingSafeEqual } = crypto();
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
