import { readFileSync } from 'node:fs';
import { ProblemError } from '../contract/problem.ts';
import { tokenInvalid, tokenNotPassedOn, tokenUnreadable } from '../contract/problems/access.ts';
import { isMissingCredential } from '../process/credential.ts';
import { crypto } from '../process/footprint.ts';

/** Shortest bearer token that is accepted, in characters. */
const minTokenLength = 16;
const tokenCharacters = /^[\x21-\x7e]+$/;

/**
 * A bearer token from a file (one line) or from the environment, never from the command line, where `ps` shows it.
 * The environment stands in for a file that systemd was to pass on and did not. Returns null where neither is given. Throws a ProblemError where the token cannot be used.
 */
export function loadToken(tokenFile: string | undefined, variable: string): string | null {
  const where = tokenFile ?? variable;
  const text = tokenFile === undefined ? process.env[variable] : readTokenFile(tokenFile, variable);
  if (text === undefined) return null;
  const token = text.trim();
  if (token.length < minTokenLength || !tokenCharacters.test(token)) {
    throw new ProblemError(tokenInvalid(where, minTokenLength, token.length, tokenFile));
  }
  return token;
}

function readTokenFile(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    if (!isMissingCredential(path, code)) throw new ProblemError(tokenUnreadable(path, code));
    const token = process.env[variable];
    if (token === undefined) throw new ProblemError(tokenNotPassedOn(path, variable));
    return token;
  }
}

/** Whether an Authorization header carries the token. Takes the same time wherever the two differ. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : '';
  const { createHash, timingSafeEqual } = crypto();
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
