import type { Problem } from '../problem.ts';

/** Problems of bearer tokens and of addresses to listen on: the same for agents and controller. */

export function tokenMissing(address: string, expected: string): Problem {
  return {
    code: 'token-missing',
    where: address,
    what: 'other machines can reach this address, so a bearer token is needed',
    expected,
    got: 'none',
    fix: 'Give a token, ask for client certificates, listen on 127.0.0.1, or say --insecure if none is wanted.',
  };
}

/** `where` is the file or the environment variable; the token itself is never repeated. */
export function tokenInvalid(where: string, minLength: number, length: number, file = 'token'): Problem {
  return {
    code: 'token-invalid',
    where,
    what: 'invalid bearer token',
    expected: `one line of at least ${minLength} printable characters without spaces`,
    got: `${length} characters`,
    fix: `Make one: openssl rand -hex 32 > ${file}`,
  };
}

export function tokenUnreadable(file: string, got: string): Problem {
  const fix = 'Check the path, and that this user may read it.';
  return { code: 'token-invalid', where: file, what: 'the token file cannot be read', got, fix };
}

export function tokenExposed(file: string): Problem {
  const what = 'every user of this machine may read it';
  return {
    code: 'token-exposed',
    where: file,
    what,
    fix: `Say chmod o= ${file}, and make a new one if others use this machine.`,
  };
}

/** For files that a unit of systemd names as its credentials. */
export const noCredential =
  "systemd gave no credential: LoadCredential= of the unit is empty (a drop-in of the container's image?)";

export function tokenNotPassedOn(file: string, variable: string): Problem {
  const fix = `Put ${variable}=TOKEN into the unit's EnvironmentFile, or name a plain file (docs/operations.md, LXC). Outside of the unit only root can read it, while the unit runs.`;
  return { code: 'token-invalid', where: file, what: noCredential, got: 'no CREDENTIALS_DIRECTORY', fix };
}

export function tokenRefused(url: string, fix: string): Problem {
  return { code: 'token-invalid', where: url, what: 'the controller refused the bearer token, or wants one', fix };
}

const whyNotListening: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'this user may not listen here',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is unknown',
};

/** `cause` is the system's code. */
export function portInUse(address: string, cause: string): Problem {
  return {
    code: 'port-in-use',
    where: address,
    what: whyNotListening[cause] ?? 'cannot listen',
    expected: 'a free address of this machine',
    got: cause,
    fix: 'Choose another with --listen HOST:PORT, or stop what holds it (ss -tlnp shows it).',
  };
}
