import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { canonicalAddress } from '../../haproxy/socket-address.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { backendTaken, recordingTaken } from '../../shared/contract/problems/controller.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import { holderOfName, holdName, type NameHolder } from '../../shared/process/held-name.ts';

/** What a holder says of itself to a process that wants the same. */
const holderSchema = z.object({ pid: z.number().int().positive(), listen: z.string().max(300) });
export type Holder = z.infer<typeof holderSchema>;

/** What one controller at a time may have. */
export type Claim =
  | { readonly kind: 'backend'; readonly socket: string; readonly backend: string }
  | { readonly kind: 'recording'; readonly file: string };

/**
 * Claims what one controller of this machine may have (held-name.ts). It does not reach into other network namespaces or
 * machines: a second controller there is handled as a second writer (contest.ts).
 */
export async function claim(what: Claim, self: Holder): Promise<Result<AsyncDisposable, Problem>> {
  const held = await holdName(nameOf(what), self);
  return held.ok ? held : err(takenProblem(what, parseHolder(held.error)));
}

/** The holder of a claim, such as the controller that sets the weights of a backend; null: there is none. */
export async function holderOf(what: Claim): Promise<Holder | 'unknown' | null> {
  const holder = await holderOfName(nameOf(what));
  return holder === null ? null : (parseHolder(holder) ?? 'unknown');
}

/** The same name for every path to the same socket or file. */
function nameOf(what: Claim): readonly string[] {
  return what.kind === 'backend'
    ? ['backend', resolved(canonicalAddress(what.socket)), what.backend]
    : ['recording', resolved(what.file)];
}

/** A path without symbolic links; what does not exist yet is resolved as far as it does. */
function resolved(path: string): string {
  if (!path.includes('/')) return path;
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return path;
    }
  }
}

function parseHolder({ said }: NameHolder): Holder | null {
  const holder = holderSchema.safeParse(said);
  return holder.success ? holder.data : null;
}

function takenProblem(what: Claim, holder: Holder | null): Problem {
  return what.kind === 'recording'
    ? recordingTaken(what.file, holder)
    : backendTaken(what.backend, what.socket, holder);
}
