/** Writes one line to standard error and returns the exit code. */
export function fail(line: string, exitCode: number): number {
  process.stderr.write(`haweight: ${line}\n`);
  return exitCode;
}

/** Writes a result to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a note to standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
