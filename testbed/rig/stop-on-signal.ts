/** Why the demo was ended early. */
export class Stopped extends Error {
  /** What the shell expects of a command that a signal ended: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(why: string, exitCode: number) {
    super(why);
    this.name = 'Stopped';
    this.exitCode = exitCode;
  }
}

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * A signal that aborts with a `Stopped` on Ctrl-C, SIGTERM, a closed terminal, or when nobody reads `output` any more
 * (as in `haweight demo | head`). Further signals change nothing: ending is under way and takes seconds at most.
 */
export function stopOnSignal(output: NodeJS.WriteStream): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) =>
    controller.abort(new Stopped(`stopped by ${name}`, exitCodes[name as keyof typeof exitCodes]));
  const onOutputError = () => controller.abort(new Stopped('nobody reads the output any more', 1));
  for (const name of Object.keys(exitCodes)) process.on(name, onSignal);
  output.on('error', onOutputError);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of Object.keys(exitCodes)) process.off(name, onSignal);
    },
  };
}
