import { endsAtHangup } from './job.ts';
import type { Log } from './log.ts';

/*
 * By hand, not with close-with-grace: there, a second signal ends the process at once, and a controller would leave some
 * weights restored and others not. It also ends the process itself, with 0 or 1, where an exit code can say more.
 */

/** With what the shell expects of a command that one of them ended: 128 and its number. */
const exitCodes = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;

/** SIGHUP only where it says that the user has gone, as after Ctrl-C. Under nohup it changes nothing. */
export type StopSignal = keyof typeof exitCodes;

const stopSignals = Object.keys(exitCodes) as readonly StopSignal[];

/** For a service: resolves with the first signal to stop. Further ones change nothing. */
export function nextStopSignal(log: Pick<Log, 'info'>): Promise<StopSignal> {
  return new Promise((resolve) => {
    onStopSignal(resolve, () => log.info('SIGHUP ignored', { fix: 'SIGTERM ends this process.' }));
  });
}

/** For a command that has no such listener: a SIGHUP that is to be ignored does not end it. */
export function ignoreHangup(): void {
  if (!endsAtHangup()) process.on('SIGHUP', () => undefined);
}

/** `onIgnored` is called once. Returns what takes the listeners away. */
function onStopSignal(onSignal: (signal: StopSignal) => void, onIgnored = () => {}): () => void {
  const isIgnored = !endsAtHangup();
  let wasTold = false;
  const listener = (signal: StopSignal) => {
    if (signal !== 'SIGHUP' || !isIgnored) onSignal(signal);
    else if (!wasTold) {
      wasTold = true;
      onIgnored();
    }
  };
  for (const signal of stopSignals) process.on(signal, listener);
  return () => {
    for (const signal of stopSignals) process.off(signal, listener);
  };
}

/** Why a command was ended early. */
export class Stopped extends Error {
  readonly exitCode: number;

  constructor(why: string, exitCode: number) {
    super(why);
    this.name = 'Stopped';
    this.exitCode = exitCode;
  }
}

/**
 * For a command: a signal that aborts with a `Stopped` on Ctrl-C, SIGTERM, a closed terminal, or when `output` is no longer read
 * any more (as in `haweight demo | head`). Further ones change nothing: ending is under way and takes seconds at most.
 */
export function stopOnSignal(output: NodeJS.WriteStream): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const onSignal = (name: StopSignal) => controller.abort(new Stopped(`stopped by ${name}`, exitCodes[name]));
  const onOutputError = () => controller.abort(new Stopped('the output is no longer read', 1));
  const stopListening = onStopSignal(onSignal);
  output.on('error', onOutputError);
  return {
    signal: controller.signal,
    [Symbol.dispose]: stopListening,
  };
}
