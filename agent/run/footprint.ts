import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the agent small: it runs beside the application that it measures. To be called before anything large
 * is loaded.
 */
export function keepFootprintSmall(): void {
  // The optimising compilers map 8 MiB of code for a few thousand calls a second. The simple one (Sparkplug) stays.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}

/** Hands back what loading left behind, about 8 MiB: left alone, V8 sees no reason to collect for hours. */
export function dropStartupGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
