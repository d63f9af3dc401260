import type { Problem } from '../problem.ts';

/** Problems of the environment that Node.js is started in. `where` is the variable or option. */

export function environmentUnsafe(where: string, what: string): Problem {
  const fix = 'Start haweight without it: look at the unit, the container and the shell.';
  return { code: 'environment-unsafe', where, what, fix };
}

/** It has no effect here, but says that nobody verifies on this machine. */
export function environmentIgnored(where: string): Problem {
  const fix = 'Take it away: name the CA that signed the certificates instead.';
  return { code: 'environment-unsafe', where, what: 'haweight verifies certificates all the same', fix };
}
