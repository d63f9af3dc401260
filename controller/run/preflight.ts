import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { algorithmProblem } from '../../haproxy/algorithm.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { canonicalAddress } from '../../haproxy/socket-address.ts';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { socketLevel } from '../../shared/contract/problems/haproxy-socket.ts';
import type { Config } from '../config/schema.ts';
import { readBackend } from '../observe/haproxy-view.ts';
import { viewProblems } from '../observe/view-problems.ts';
import { checkRecordFile } from '../record/record-problem.ts';

/** Problems that may be over soon: HAProxy is not there yet, or busy. */
const temporary: ReadonlySet<Problem['code']> = new Set([
  'socket-missing',
  'socket-refused',
  'haproxy-timeout',
  'too-many-files',
  'haproxy-incomplete',
]);

/** Whether to wait rather than to give up. A socket in a folder that does not exist is a mistyped path. */
function isWorthWaiting(problem: Problem, socket: string): boolean {
  if (!temporary.has(problem.code)) return false;
  const path = canonicalAddress(socket);
  return !path.startsWith('/') || existsSync(dirname(path));
}

/** What the check of a set-up takes of the configuration. */
export type SetupConfig = Pick<Config, 'backends' | 'haproxy' | 'record'>;

/** What a check of the set-up found that does not stop the start. */
export interface SetupCheck {
  /** What to wait for; null: nothing. */
  readonly waitingFor: Problem | null;
  /** What keeps single servers from being managed, or their weights from lasting. The loop reports them too. */
  readonly warnings: readonly Problem[];
}

/**
 * Checks the set-up by reading only. Throws a ProblemError for what waiting will not fix. `api` is the client to ask HAProxy
 * with.
 */
export async function checkSetup(
  { backends, haproxy, record }: SetupConfig,
  api = new RuntimeApi(haproxy),
): Promise<SetupCheck> {
  const { socket } = haproxy;
  const unwritable = record === undefined ? null : await checkRecordFile(record);
  if (unwritable !== null) throw new ProblemError(unwritable);
  const problem = await socketProblem(api, socket);
  const warnings: Problem[] = [];
  if (problem !== null) return { waitingFor: waitable(problem, socket), warnings };
  for (const { name } of backends) {
    const view = await readBackend(api, name);
    if (!view.ok) return { waitingFor: waitable(view.error, socket), warnings };
    const useless = algorithmProblem(name, view.value.algorithm);
    if (useless !== null) throw new ProblemError(useless);
    warnings.push(...viewProblems(view.value));
  }
  return { waitingFor: null, warnings };
}

function waitable(problem: Problem, socket: string): Problem {
  if (!isWorthWaiting(problem, socket)) throw new ProblemError(problem);
  return problem;
}

/** What makes haweight useless with this socket; `show info` comes first, as it tells the master process and `nbproc`. */
async function socketProblem(api: RuntimeApi, socket: string): Promise<Problem | null> {
  const info = await api.info();
  if (!info.ok) return info.error;
  const level = await api.level();
  if (!level.ok) return level.error;
  return level.value === 'admin' ? null : socketLevel(socket, 'write', level.value);
}
