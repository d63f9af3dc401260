/** One line on standard error, and the exit code to leave with. */
export function fail(line: string, exitCode: number): number {
  process.stderr.write(`haweight: ${line}\n`);
  return exitCode;
}

/** Standard output, for results. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Standard error, for what is not the result: notes and progress. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
