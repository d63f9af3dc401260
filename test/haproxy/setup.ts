import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import type { Result } from '../../shared/contract/result.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { findHaproxy, versionOfProgram } from '../../testbed/rig/haproxy-program.ts';
import { serialWhere } from '../support/test-where.ts';

const program = findHaproxy();

/** Version that the tested HAProxy reports, such as 2.6.12-1+deb12u4; empty where none is installed. */
export const testedVersion = program === null ? '' : (versionOfProgram(program) ?? '');

/** Runs against the real HAProxy; shown as skipped where none is installed. */
export const haproxyTest = serialWhere(program !== null, 'tests against HAProxy, because no haproxy program was found');

export function expectOk<Value>(result: Result<Value, Problem>): Value {
  if (result.ok) return result.value;
  throw new Error(formatProblem(result.error));
}

export function codeOf(result: Result<unknown, Problem>): string {
  return result.ok ? 'no problem' : result.error.code;
}

/** Two servers in rotation, and a backup that is in maintenance. */
export const servers = [
  { name: 's1', address: '127.0.0.1:1' },
  { name: 's2', address: '127.0.0.1:2', weight: 40 },
  { name: 's3', address: 'unix@s3.sock', options: 'backup disabled' },
];

/** The same as backend web. */
export const configuration = renderConfiguration({ backends: [{ name: 'web', servers }] });

/** The weights that HAProxy says it has, by server. */
export async function weights(api: RuntimeApi, backend: string): Promise<Record<string, number>> {
  return Object.fromEntries(expectOk(await api.servers(backend)).map(({ server, weight }) => [server, weight]));
}
