import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { algorithmProblem } from '../../haproxy/algorithm.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { serverUnderAgentCheck } from '../../shared/contract/problems/backend.ts';
import { socketLevel } from '../../shared/contract/problems/haproxy-socket.ts';
import type { Config } from '../config/schema.ts';
import { isAgentChecked } from '../observe/rotation.ts';
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
  const path = socket.replace(/^unix[:@]/, '');
  return !path.startsWith('/') || existsSync(dirname(path));
}

/** What the check of a set-up takes of the configuration. */
export type SetupConfig = Pick<Config, 'backends' | 'haproxy' | 'record'>;

/**
 * Checks the set-up by reading only. Throws a ProblemError for what waiting will not fix; returns what to wait for, or null.
 * `api` is the client to ask HAProxy with.
 */
export async function checkSetup(
  { backends, haproxy, record }: SetupConfig,
  api = new RuntimeApi(haproxy),
): Promise<Problem | null> {
  const { socket } = haproxy;
  const unwritable = record === undefined ? null : await checkRecordFile(record.file);
  if (unwritable !== null) throw new ProblemError(unwritable);
  const names = backends.map(({ name }) => name);
  const [problem] = await preflight(api, socket, names);
  if (problem === undefined) return null;
  if (!isWorthWaiting(problem, socket)) throw new ProblemError(problem);
  return problem;
}

/** Finds what makes haweight useless or harmful here, by reading only, before the first weight is written. */
async function preflight(api: RuntimeApi, socket: string, backends: readonly string[]): Promise<Problem[]> {
  const level = await api.level();
  if (!level.ok) return [level.error];
  const problems: Problem[] = level.value === 'admin' ? [] : [socketLevel(socket, 'write', level.value)];
  for (const backend of backends) problems.push(...(await backendProblems(api, backend)));
  return problems;
}

async function backendProblems(api: RuntimeApi, backend: string): Promise<Problem[]> {
  const stats = await api.stats(backend);
  if (!stats.ok) return [stats.error];
  const useless = algorithmProblem(backend, stats.value.find(({ kind }) => kind === 'backend')?.algorithm ?? null);
  const checked = stats.value.filter(isAgentChecked).map(({ name }) => serverUnderAgentCheck(backend, name));
  return useless === null ? checked : [useless, ...checked];
}
