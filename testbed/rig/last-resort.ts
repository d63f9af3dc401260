import { spawn } from 'node:child_process';

/** Its input ends when we are gone. Then it kills the process group $1 and removes the folder $2, where there is one. */
const script = 'read -r _; kill -s KILL -- "-$1" 2>/dev/null; [ -z "$2" ] || rm -rf -- "$2"';

/**
 * Ends a process group and removes its folder when this process is gone, even by SIGKILL, where no handler could run: a
 * small shell holds the other end of a pipe. Dispose of it when the group has ended: later its id may be another's.
 */
export function lastResort(groupId: number, folder = ''): Disposable {
  const shell = spawn('/bin/sh', ['-c', script, 'last-resort', String(groupId), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // without a shell there is no last resort, but no reason to fail either
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  // neither may keep this process running
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return {
    [Symbol.dispose]: () => {
      shell.kill('SIGKILL');
      shell.stdin.destroy();
    },
  };
}
