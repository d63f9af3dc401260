import { printableJson, printableOutput } from '../shared/contract/printable-text.ts';

/** Writes one line to standard error and returns the exit code. */
export function fail(line: string, exitCode: number): number {
  note(`haweight: ${line}`);
  return exitCode;
}

/** Writes a result to standard output. */
export function print(text: string): void {
  process.stdout.write(`${printableOutput(text)}\n`);
}

/** Writes a result for programs to standard output. `indent`: spaces for each level. */
export function printJson(value: unknown, indent?: number): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, indent))}\n`);
}

/** Writes a note to standard error. */
export function note(text: string): void {
  process.stderr.write(`${printableOutput(text)}\n`);
}
