/**
 * Stops our parent, the agent, or lets it go on: a server that is gone has taken its agent with it. A stopped agent's
 * connections time out, as those to a removed VM do.
 */
export function silence(silent: boolean): void {
  process.kill(process.ppid, silent ? 'SIGSTOP' : 'SIGCONT');
}
