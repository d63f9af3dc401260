import { type Problem, quote } from '../problem.ts';

/** Problems of flags and of the configuration. */

type Details = Pick<Problem, 'expected' | 'got' | 'fix'>;

/** `where` is the flag. */
export function usage(where: string, what: string, details: Details = {}): Problem {
  return { code: 'usage', where, what, ...details };
}

/** A flag whose value is not one that it takes. */
export function invalidFlag(flag: string, expected: string, got: string, details: Pick<Details, 'fix'> = {}): Problem {
  return usage(flag, 'invalid value', { expected, got: quote(got), ...details });
}

/** The fix of a word that is probably mistyped. */
export function didYouMean(meant: string): string {
  return `Did you mean ${meant}?`;
}

/** `where` is the file and the key. */
export function configInvalid(where: string, what: string, details: Details = {}): Problem {
  return { code: 'config-invalid', where, what, ...details };
}

export function unknownKey(where: string, expected: string, details: Pick<Details, 'fix'> = {}): Problem {
  return configInvalid(where, 'unknown key', { expected, ...details });
}

export function configUnreadable(file: string, what: string, expected: string, got: string): Problem {
  return { code: 'config-unreadable', where: file, what, expected, got };
}
