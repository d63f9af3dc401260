import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { algorithmProblem } from '../../haproxy/algorithm.ts';
import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { serverUnderAgentCheck } from '../../shared/contract/problems/backend.ts';
import { socketLevel } from '../../shared/contract/problems/haproxy-socket.ts';
import { isAgentChecked } from '../observe/rotation.ts';

/** Problems that may be over in a moment: HAProxy is not there yet, or busy. */
const temporary: ReadonlySet<Problem['code']> = new Set([
  'socket-missing',
  'socket-refused',
  'haproxy-timeout',
  'too-many-files',
  'haproxy-incomplete',
]);

/** Whether to wait for it rather than to give up. A socket in a folder that does not exist is a mistyped path. */
export function isWorthWaiting(problem: Problem, socket: string): boolean {
  if (!temporary.has(problem.code)) return false;
  const path = socket.replace(/^unix[:@]/, '');
  return !path.startsWith('/') || existsSync(dirname(path));
}

/** What makes haweight useless or harmful here: found before the first weight is written, by reading only. */
export async function preflight(api: RuntimeApi, socket: string, backends: readonly string[]): Promise<Problem[]> {
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
