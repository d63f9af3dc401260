import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { formatProblem, type Problem } from '../../contract/problem.ts';
import type { Result } from '../../contract/result.ts';
import { findHaproxy } from '../../haproxy/binary.ts';
import { exchange } from '../../haproxy/exchange.ts';
import type { HaproxyProcess } from '../../haproxy/process.ts';

const isInstalled = findHaproxy() !== null;
if (!isInstalled) process.stderr.write('SKIPPED: tests against HAProxy, because no haproxy program was found\n');

/** Runs against the real HAProxy; shown as skipped where none is installed. */
export const haproxyTest = isInstalled ? test : test.skip;

export function expectOk<Value>(result: Result<Value, Problem>): Value {
  if (result.ok) return result.value;
  throw new Error(formatProblem(result.error));
}

export function codeOf(result: Result<unknown, Problem>): string {
  return result.ok ? 'no problem' : result.error.code;
}

/** What an operator types: commands that the client itself never sends. */
export async function operatorSays(haproxy: HaproxyProcess, line: string): Promise<string> {
  const address = { kind: 'unix', path: haproxy.socket } as const;
  return expectOk(await exchange(line, { address, where: 'operator', timeoutMs: 2_000, maxReplyBytes: 1_000_000 }));
}

export interface Folder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'haweight-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
