import { spawn } from 'node:child_process';

/** Waits for the end of its standard input, which is when we are gone, then ends the group $1 and removes the folder $2. */
const script = 'cat >/dev/null; kill -s KILL -- "-$1" 2>/dev/null; rm -rf -- "$2"';

/**
 * Ends a process group and removes its folder when this process ends, even by SIGKILL, where no handler of ours would
 * run: a small shell holds the other end of a pipe. Returns what calls that off, for when both are gone in good order.
 */
export function guardProcess(groupId: number, folder: string): () => void {
  const guard = spawn('/bin/sh', ['-c', script, 'haweight-guard', String(groupId), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither keeps this process alive; and without a shell there is no guard, but nothing to fail for.
  guard.on('error', () => {});
  guard.unref();
  const { stdin } = guard;
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return () => {
    guard.kill('SIGKILL');
    stdin.destroy();
  };
}
