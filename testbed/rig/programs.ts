import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `.ts` in the repository, `.js` in the compiled package; the programs that the demo starts are of the same kind. */
const extension = extname(fileURLToPath(import.meta.url));
const program = (name: string) => fileURLToPath(new URL(`${name}${extension}`, import.meta.url));

export const programs = { haweight: program('../../cli/bin'), app: program('./app/main') };

/** How this user calls haweight. */
export const haweightCommand = extension === '.ts' ? 'npm run -s haweight --' : 'haweight';

/** The environment of the demo's processes: tokens and other settings of a real installation are no business of theirs. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HAWEIGHT_')));
}
