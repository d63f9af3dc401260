import { type BackendView, readBackend } from '../../controller/index.ts';
import { algorithmProblem, weightSupport } from '../../haproxy/algorithm.ts';
import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { versionProblem } from '../../haproxy/versions.ts';
import { exclusions } from '../../shared/contract/observation.ts';
import { formatProblem } from '../../shared/contract/problem.ts';
import { serverUnderAgentCheck } from '../../shared/contract/problems/backend.ts';
import { socketLevel } from '../../shared/contract/problems/haproxy-socket.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

/** Whether HAProxy answers, its version, and whether this socket may change weights. */
export async function checkHaproxy(api: RuntimeApi, socket: string): Promise<Finding[]> {
  const info = await api.info();
  if (!info.ok) return [failure('socket', info.error)];
  const { version, pid } = info.value;
  const findings = [fine('socket', `${socket} answers (pid ${pid})`), checkVersion(version, socket)];
  const level = await api.level();
  if (!level.ok) return [...findings, failure('rights', level.error)];
  const rights =
    level.value === 'admin'
      ? fine('rights', 'level admin')
      : failure('rights', socketLevel(socket, 'write', level.value));
  return [...findings, rights];
}

function checkVersion(version: string, socket: string): Finding {
  const problem = versionProblem(version, socket);
  return problem === null ? fine('version', `HAProxy ${version}`) : warning('version', formatProblem(problem));
}

/** Checks the backend, its algorithm and its servers. Also returns its view, for the checks of the agents. */
export async function checkBackend(
  api: RuntimeApi,
  backend: string,
): Promise<{ findings: Finding[]; view: BackendView | null }> {
  const check = `backend ${backend}`;
  const view = await readBackend(api, backend);
  if (!view.ok) return { findings: [failure(check, view.error)], view: null };
  const { servers, algorithm } = view.value;
  const managed = servers.filter(({ exclusion }) => exclusion === null);
  const count = `${managed.length} of ${servers.length} servers in rotation`;
  const findings = [
    managed.length > 0 ? fine(check, count) : warning(check, `${count}: no weight to set`),
    checkAlgorithm(backend, algorithm),
  ];
  for (const { server, exclusion } of servers) {
    if (exclusion === 'agent-check') findings.push(failure(`server ${server}`, serverUnderAgentCheck(backend, server)));
    else if (exclusion !== null) findings.push(warning(`server ${server}`, `left alone: ${exclusions[exclusion]}`));
  }
  const zero = managed.filter(({ currentWeight }) => currentWeight === 0).map(({ server }) => server);
  if (zero.length > 0) findings.push(warning('weights', `at 0 now: ${zero.join(', ')}`));
  return { findings, view: view.value };
}

function checkAlgorithm(backend: string, algorithm: string | null): Finding {
  const check = `balance of ${backend}`;
  const problem = algorithmProblem(backend, algorithm);
  if (problem !== null) return failure(check, problem);
  const support = weightSupport(algorithm);
  if (support === 'unknown')
    return fine(check, 'HAProxy does not show it (it shows all but `random`); assumed to accept weights');
  if (support === 'dynamic') return fine(check, `${algorithm} accepts weights`);
  return warning(check, `${algorithm} accepts weights only with \`hash-type consistent\`, which HAProxy does not show`);
}
