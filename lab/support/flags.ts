import { type Command, InvalidArgumentError } from 'commander';

/** A parser for Commander: a number within these bounds; `whole`: no fraction. */
export function numberWithin(least: number, most: number, { whole = false } = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= least && value <= most && (!whole || Number.isInteger(value)))
      return value;
    throw new InvalidArgumentError(`Expected a ${whole ? 'whole number' : 'number'} from ${least} to ${most}.`);
  };
}

/** Invalid flags end the program with exit code 2; 1 means that a check failed. */
export function exitOnUsage(command: Command): Command {
  return command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}
