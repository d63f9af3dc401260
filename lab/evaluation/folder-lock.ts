import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError, quote } from '../../shared/contract/problem.ts';

/**
 * Makes sure that one run at a time works on a folder of results: two would measure each other. What a killed run left is
 * taken over.
 */
export function lockFolder(folder: string): Disposable {
  const file = join(folder, 'running.pid');
  const holder = readHolder(file);
  if (holder !== null && isRunning(holder)) {
    throw new ProblemError({
      code: 'usage',
      where: folder,
      what: `process ${holder} is measuring here`,
      fix: 'Wait for it, stop it, or choose another folder with --out.',
    });
  }
  take(folder, file);
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function take(folder: string, file: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${process.pid}\n`);
  } catch (cause) {
    throw new ProblemError({
      code: 'usage',
      where: folder,
      what: 'results cannot be written there',
      got: quote((cause as Error).message),
      fix: 'Choose another folder with --out.',
    });
  }
}

function readHolder(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (cause) {
    // another user's process is running too
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
