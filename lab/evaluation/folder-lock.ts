import { mkdirSync, realpathSync } from 'node:fs';
import { z } from 'zod';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { holdName } from '../../shared/process/held-name.ts';

const holderSchema = z.object({ pid: z.int().positive() });

/** Lets only one run at a time work on a folder of results: two would disturb each other. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const held = await holdName(['results', made(folder)], { pid: process.pid });
  if (held.ok) return held.value;
  const holder = holderSchema.safeParse(held.error.said);
  throw new ProblemError({
    code: 'usage',
    where: folder,
    what: `${holder.success ? `process ${holder.data.pid}` : 'another process'} uses these results`,
    fix: 'Wait for it, stop it, or choose another folder with --out.',
  });
}

/** The folder without symbolic links, made where it is not there. */
function made(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return realpathSync(folder);
  } catch (cause) {
    throw new ProblemError({
      code: 'usage',
      where: folder,
      what: 'results cannot be written there',
      got: quote((cause as Error).message),
      fix: 'Choose another folder with --out.',
    });
  }
}
