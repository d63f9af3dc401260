import { mkdirSync, realpathSync } from 'node:fs';
import { z } from 'zod';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { holdNames } from '../../shared/process/held-name.ts';
import type { Peer } from '../../shared/process/peer.ts';

const holderSchema = z.object({ pid: z.int().positive() });

/** Lets only one run at a time work on a folder of results: two would disturb each other. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const held = await holdNames([
    { name: ['results', made(folder)], self: { pid: process.pid }, rivals: { believes: isOurs } },
  ]);
  if (held.ok) return held.value;
  const holder = holderSchema.safeParse(held.error.holder.said);
  throw new ProblemError({
    code: 'usage',
    where: folder,
    what: `${holder.success ? `process ${holder.data.pid}` : 'another process'} uses these results`,
    fix: 'Wait for it, stop it, or choose another folder with --out.',
  });
}

/** Another user who takes the name keeps nobody from working. */
function isOurs(peer: Peer | null): boolean {
  return peer === null || peer.uid === 0 || peer.uid === process.getuid?.();
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
