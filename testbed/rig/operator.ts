import { exchange } from '../../haproxy/runtime-api.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import type { HaproxyProcess } from './haproxy-process.ts';

const limits = { timeoutMs: 20_000, maxReplyBytes: 1_000_000 };

/** Sends a command that only an operator types and the client never sends; its reply. Throws a ProblemError without one. */
export async function operatorSays({ socket }: HaproxyProcess, line: string): Promise<string> {
  const reply = await exchange(line, { address: { kind: 'unix', path: socket }, where: 'operator', ...limits });
  if (!reply.ok) throw new ProblemError(reply.error);
  return reply.value;
}
