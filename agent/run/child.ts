import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { jobOf } from '../../shared/process/job.ts';
import { childEnvironment } from './child-environment.ts';
import { GroupSignals } from './group-signals.ts';

/** Signals that are passed on. The others cannot be caught, or concern only this process (SIGCHLD, SIGPIPE). */
const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;
/** As shells have them. */
const exitCode = { notExecutable: 126, notFound: 127, signalBase: 128 } as const;

export interface RunningChild {
  readonly pid: number;
  /** Processes that we started: Node.js waits for them itself. */
  readonly ownPids: ReadonlySet<number>;
  /** The command's exit code; 128 + signal number where a signal ended it. */
  readonly ended: Promise<number>;
}

export interface StartFailure {
  readonly problem: Problem;
  readonly exitCode: number;
}

/**
 * Starts the application with our standard streams and passes our signals on to it until it ends. It is in our process group,
 * so it already has those that came to the whole group.
 */
export async function startChild(command: readonly string[]): Promise<Result<RunningChild, StartFailure>> {
  const [program = '', ...args] = command;
  const group = (jobOf('self')?.terminal ?? 0) !== 0 ? await GroupSignals.watch(forwarded) : null;
  const handlers = new Map<NodeJS.Signals, () => void>();
  // Handlers first: a command may be up and a signal on its way before `spawn` is back. Until then it only waits.
  for (const signal of forwarded) {
    const forward = async () => {
      const hasIt = group !== null && (await group.came(signal)) && isInOurGroup(child.pid);
      if (!hasIt) child.kill(signal);
    };
    const handler = () => void forward();
    handlers.set(signal, handler);
    process.on(signal, handler);
  }
  const child = spawn(program, args, { stdio: 'inherit', env: childEnvironment(process.env) });
  const stopForwarding = () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
    group?.[Symbol.dispose]();
  };
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => {
      stopForwarding();
      resolve(code ?? exitCode.signalBase + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', resolve);
  });
  if (failure !== null || child.pid === undefined) {
    stopForwarding();
    return err(startFailure(program, failure?.code ?? 'no pid'));
  }
  // A later error means that a signal could not be delivered: the child is ending anyway.
  child.on('error', () => undefined);
  const ownPids = new Set([child.pid, group?.pid].filter((pid) => pid !== undefined));
  return ok({ pid: child.pid, ownPids, ended });
}

function isInOurGroup(pid: number | undefined): boolean {
  const theirs = pid === undefined ? null : jobOf(pid);
  return theirs !== null && theirs.group === jobOf('self')?.group;
}

function startFailure(program: string, code: string): StartFailure {
  const whats: Record<string, string> = {
    ENOENT: 'there is no such command',
    EACCES: 'the command may not be executed',
  };
  return {
    problem: {
      code: 'command-failed',
      where: program,
      what: whats[code] ?? 'the command could not be started',
      got: code,
      fix: 'Check the command after `--`.',
    },
    exitCode: code === 'ENOENT' ? exitCode.notFound : exitCode.notExecutable,
  };
}
