import type { Problem } from '../problem.ts';

/** Problems of certificates, keys and CA files. What they hold is never repeated. */

export function tlsInvalid(file: string, what: string, rest: Pick<Problem, 'expected' | 'got'> = {}): Problem {
  const fix = 'docs/operations.md, TLS, has commands that make what is needed.';
  return { code: 'tls-invalid', where: file, what, ...rest, fix };
}

export function tlsExpiry(file: string, what: string, validity: string): Problem {
  const fix = 'Replace it, and check the clock; no restart is needed.';
  return { code: 'tls-expiry', where: file, what, got: `valid ${validity}`, fix };
}

export function tlsKeyExposed(file: string): Problem {
  const what = 'every user of this machine may read it';
  return { code: 'tls-key-exposed', where: file, what, fix: `Say chmod o= ${file}` };
}
