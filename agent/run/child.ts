import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';

/** Signals that are forwarded. The others cannot be caught, or concern only this process (SIGCHLD, SIGPIPE). */
const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;
/** A terminal sends these to its whole foreground group, so the child has them already. */
const sentByTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH']);
/** As shells have them. */
const exitCode = { notExecutable: 126, notFound: 127, signalBase: 128 } as const;

export interface RunningChild {
  readonly pid: number;
  /** The command's exit code; 128 + signal number where a signal ended it. */
  readonly ended: Promise<number>;
}

export interface StartFailure {
  readonly problem: Problem;
  readonly exitCode: number;
}

/** Starts the application with our standard streams and forwards our signals to it until it ends. */
export async function startChild(command: readonly string[]): Promise<Result<RunningChild, StartFailure>> {
  const [program = '', ...args] = command;
  const handlers = new Map<NodeJS.Signals, () => void>();
  // Handlers first: a command may be up and a signal on its way before `spawn` is back. Until then it only waits.
  for (const signal of forwarded) {
    const forward = () => {
      if (!(sentByTerminal.has(signal) && process.stdin.isTTY)) child.kill(signal);
    };
    handlers.set(signal, forward);
    process.on(signal, forward);
  }
  const child = spawn(program, args, { stdio: 'inherit' });
  const stopForwarding = () => {
    for (const [signal, forward] of handlers) process.off(signal, forward);
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
  return ok({ pid: child.pid, ended });
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
