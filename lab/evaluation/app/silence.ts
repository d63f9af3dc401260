/**
 * Stops the parent process, the agent, or continues it: a removed server has no agent either. A stopped agent's
 * connections time out, like those to a removed VM.
 */
export function silence(silent: boolean): void {
  process.kill(process.ppid, silent ? 'SIGSTOP' : 'SIGCONT');
}
