import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { weightSupport } from '../../haproxy/algorithm.ts';
import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { type Problem, quote } from '../../shared/contract/problem.ts';
import { agentCheckProblem, ignoredWeightsProblem, staticProblem } from '../observe/backend-problems.ts';
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
  const problems: Problem[] = level.value === 'admin' ? [] : [levelProblem(socket, level.value)];
  for (const backend of backends) problems.push(...(await backendProblems(api, backend)));
  return problems;
}

export function levelProblem(socket: string, level: string): Problem {
  return {
    code: 'socket-level',
    where: socket,
    what: 'this socket does not allow changing weights',
    expected: 'level admin',
    got: `level ${level}`,
    fix: `In haproxy.cfg: stats socket ${socket} mode 660 level admin; then reload.`,
  };
}

async function backendProblems(api: RuntimeApi, backend: string): Promise<Problem[]> {
  const stats = await api.stats(backend);
  if (!stats.ok) return [await withKnownBackends(api, stats.error)];
  const algorithm = stats.value.find(({ kind }) => kind === 'backend')?.algorithm ?? null;
  const support = weightSupport(algorithm);
  const checked = stats.value.filter(isAgentChecked);
  return [
    ...(support === 'static' ? [staticProblem(backend, algorithm)] : []),
    ...(support === 'ignored' ? [ignoredWeightsProblem(backend, algorithm)] : []),
    ...checked.map(({ name }) => agentCheckProblem(backend, name)),
  ];
}

/** A missing backend is most often a misspelt one: names those that HAProxy has. */
async function withKnownBackends(api: RuntimeApi, problem: Problem): Promise<Problem> {
  if (problem.code !== 'backend-missing') return problem;
  const all = await api.stats();
  if (!all.ok) return problem;
  const names = all.value.filter(({ kind }) => kind === 'backend').map(({ backend }) => quote(backend, 40));
  return { ...problem, expected: `one of ${names.slice(0, 8).join(', ') || 'none: HAProxy has no backend'}` };
}
