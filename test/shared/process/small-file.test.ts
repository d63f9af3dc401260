import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readSmallFile } from '../../../shared/process/small-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const limits = { maxBytes: 100, maxText: '100 bytes', deadlineMs: 30_000 };

/** The code of the error, and how long it took to come, in ms. */
function refused(path: string, deadlineMs = limits.deadlineMs): { readonly code: unknown; readonly tookMs: number } {
  const startedMs = performance.now();
  try {
    return { code: `read: ${readSmallFile(path, { ...limits, deadlineMs })}`, tookMs: 0 };
  } catch (error) {
    return { code: (error as { code?: unknown }).code, tookMs: performance.now() - startedMs };
  }
}

test('a file, a link to one, and an empty one', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, 'é'.repeat(50));
  t.is(readSmallFile(path, limits), 'é'.repeat(50));
  t.is(readSmallFile('/dev/null', limits), '');
  t.is(readSmallFile('/proc/self/comm', limits).trim() === '', false, 'whose size is said to be 0');
});

test('what is too large, endless, a folder, a socket or missing is refused', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, 'x'.repeat(101));
  t.is(refused(path).code, 'over 100 bytes');
  t.is(refused('/dev/zero').code, 'over 100 bytes');
  t.is(refused(folder.path).code, 'EISDIR');
  t.is(refused(join(folder.path, 'none')).code, 'ENOENT');
});

test('a pipe is read until it is closed, whenever its writer comes', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', '{ sleep 0.2; printf one; sleep 0.2; printf two; } > "$1"', 'sh', path]);
  t.is(readSmallFile(path, limits), 'onetwo');
  writer.kill();
});

test('a pipe without a writer, and one whose writer is silent, are given up at the deadline', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const none = refused(path, 100);
  t.is(none.code, 'a pipe that nobody writes to or closes');
  t.true(none.tookMs >= 100);
  const usual = refused(path);
  t.is(usual.code, 'a pipe that nobody writes to or closes');
  t.true(usual.tookMs < limits.deadlineMs, 'one without a writer is given up much sooner');
  const writer = spawn('sh', ['-c', 'exec 3<> "$1"; echo ready; exec sleep 60', 'sh', path]);
  await new Promise((resolve) => writer.stdout.once('data', resolve));
  t.is(refused(path, 100).code, 'a pipe that nobody writes to or closes');
  writer.kill();
});
