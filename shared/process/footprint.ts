/*
 * How a process stays small. An agent runs beside the application that it measures, and its memory is missing there.
 *
 * Built-in modules of Node.js that cost much are loaded when they are first used, and with getBuiltinModule instead of
 * `import()`: what is in `import` is linked, linking an ES module reads every export, and two of http's load the fetch
 * client. What each adds to the 41 MiB of an empty process on Node.js 24 is beside it.
 */

/** 3 MiB; 16 MiB where it is imported. */
export const http = () => process.getBuiltinModule('node:http');

/** 9 MiB: http and tls. */
export const https = () => process.getBuiltinModule('node:https');

/** 7 MiB; another 5 MiB for the certificate authorities of the system. */
export const tls = () => process.getBuiltinModule('node:tls');

/** 3 MiB: OpenSSL. */
export const crypto = () => process.getBuiltinModule('node:crypto');

/** For an agent, before anything large is loaded. */
export function keepFootprintSmall(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  // The optimising compilers map 8 MiB of code for a few thousand calls a second. The simple one (Sparkplug) stays.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}

/** Hands back what loading left behind, about 8 MiB: left alone, V8 sees no reason to collect for hours. */
export function dropStartupGarbage(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  const collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
