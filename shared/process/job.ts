import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Where a process stands for shells and terminals (credentials(7)). */
export interface Job {
  /** Process group and session, each the id of the process that made it; 0: one outside of our pid namespace. */
  readonly group: number;
  readonly session: number;
  /** Device number of the controlling terminal; 0: none. */
  readonly terminal: number;
}

/** From /proc/PID/stat (proc(5)); null where that cannot be read. */
export function jobOf(pid: number | 'self'): Job | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name, in parentheses, may hold spaces and parentheses
    const [, , group, session, terminal] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { group: Number(group), session: Number(session), terminal: Number(terminal) };
  } catch {
    return null;
  }
}

/**
 * Whether SIGHUP says that our user has gone. nohup has a process ignore it, but Node.js sets all signals to their defaults
 * before any of our code runs, so this goes by what else nohup does: no standard stream is left at the terminal. A process
 * that leads its own session, as under systemd, is in no shell's job: SIGHUP was sent to it on purpose.
 */
export function endsAtHangup(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor)) || jobOf('self')?.session === process.pid;
}
