import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { HaproxyInfo } from '../../haproxy/runtime-api.ts';
import { canonicalAddress } from '../../haproxy/socket-address.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { backendTaken, recordingTaken } from '../../shared/contract/problems/controller.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import { holdersOfNames, holdNames } from '../../shared/process/held-name.ts';
import type { NameHolder, Rivals } from '../../shared/process/name-rivals.ts';
import type { Peer } from '../../shared/process/peer.ts';
import { type HaproxyIdentity, maybeSame } from './same-haproxy.ts';
import { mayWrite } from './trust.ts';

/** What a holder says of itself to a process that wants the same. */
const holderSchema = z.object({ pid: z.number().int().positive(), listen: z.string().max(300) });
export type Holder = z.infer<typeof holderSchema>;

/** As many as the kernel follows (path_resolution(7)). */
const maxLinks = 40;

/** What one controller at a time may have. */
export type Claim =
  /** The weights of a backend, by the address of HAProxy. */
  | { readonly kind: 'backend'; readonly socket: string; readonly backend: string }
  /** The same by HAProxy's process, whatever address it was reached at: a hard link, another stats socket, TCP. */
  | {
      readonly kind: 'process';
      readonly socket: string;
      readonly backend: string;
      readonly haproxy: HaproxyInfo;
      readonly identity: HaproxyIdentity;
    }
  | { readonly kind: 'recording'; readonly file: string };

/**
 * Claims what one controller of this machine may have (held-name.ts): all of it or nothing. It does not reach into other
 * network namespaces or machines: a second controller there is handled as a second writer (contest.ts).
 */
export async function claim(all: readonly Claim[], self: Holder): Promise<Result<AsyncDisposable, Problem>> {
  const held = await holdNames(
    all.map((what) => {
      const identity = what.kind === 'process' ? what.identity : {};
      return { what, name: nameOf(what), self: { ...self, ...identity }, rivals: rivalsOf(what) };
    }),
  );
  return held.ok ? held : err(takenProblem(held.error.wanted.what, parseHolder(held.error.holder)));
}

/** The holder of each claim, such as the controller that sets the weights of a backend; null: there is none. */
export async function holdersOf(all: readonly Claim[]): Promise<readonly (Holder | 'unknown' | null)[]> {
  const holders = await holdersOfNames(all.map((what) => ({ name: nameOf(what), rivals: rivalsOf(what) })));
  return holders.map((holder) => (holder === null ? null : (parseHolder(holder) ?? 'unknown')));
}

/** The same name for every path to the same socket or file. */
function nameOf(what: Claim): readonly string[] {
  switch (what.kind) {
    case 'backend':
      return ['backend', resolved(canonicalAddress(what.socket)), what.backend];
    case 'process':
      return ['process', String(what.haproxy.pid), what.haproxy.node ?? '', what.backend];
    case 'recording':
      return ['recording', resolved(what.file)];
  }
}

function rivalsOf(what: Claim): Rivals {
  if (what.kind === 'recording') return { believes: (peer) => mayWrite(what.file, peer) };
  const believes = (peer: Peer | null) => maySetWeights(what.socket, peer);
  if (what.kind === 'backend') return { believes };
  return { believes, concerns: (said) => maybeSame(said, what.haproxy, what.identity) };
}

/** TCP and abstract sockets have no owner: every user of the machine may set the weights there. */
function maySetWeights(socket: string, peer: Peer | null): boolean {
  const path = canonicalAddress(socket);
  return !path.startsWith('/') || mayWrite(path, peer);
}

/** A path without symbolic links; what does not exist yet is resolved as far as it does, also where a link leads to it. */
function resolved(path: string, links = maxLinks): string {
  if (!path.includes('/')) return path;
  try {
    return realpathSync(path);
  } catch {
    const target = links === 0 ? null : targetOf(path);
    if (target !== null) return resolved(resolve(dirname(path), target), links - 1);
    return dirname(path) === path ? path : join(resolved(dirname(path), links), basename(path));
  }
}

/** null: no symbolic link. */
function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
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
