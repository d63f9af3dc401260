import type { AccessLevel, HaproxyInfo } from '../../../haproxy/runtime-api.ts';
import { versionProblem } from '../../../haproxy/versions.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { socketLevel } from '../../../shared/contract/problems/haproxy-socket.ts';
import type { Result } from '../../../shared/contract/result.ts';
import { type Finding, failure, fine, warningOf } from '../finding.ts';

/** Whether HAProxy answers at this socket, and its version. */
export function checkInfo(socket: string, info: Result<HaproxyInfo, Problem>): Finding[] {
  if (!info.ok) return [failure('socket', info.error)];
  const { version, pid } = info.value;
  const problem = versionProblem(version, socket);
  return [
    fine('socket', `${socket} answers (pid ${pid})`),
    problem === null ? fine('version', `HAProxy ${version}`) : warningOf('version', problem),
  ];
}

/** Whether this socket may change weights. */
export function checkRights(socket: string, level: Result<AccessLevel, Problem>): Finding {
  if (!level.ok) return failure('rights', level.error);
  return level.value === 'admin'
    ? fine('rights', 'level admin')
    : failure('rights', socketLevel(socket, 'write', level.value));
}
