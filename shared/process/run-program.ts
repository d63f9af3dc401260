import { exitCodes, formatProblem, ProblemError } from '../contract/problem.ts';
import { ignoreHangup } from './stop-signals.ts';

/**
 * Ends the process with the exit code that `main` gives. What is wrong with flags or the machine (a ProblemError) becomes one
 * line on standard error, after the program's name, and exit code 2; any other error is thrown on.
 */
export async function runProgram(name: string, main: () => number | Promise<number>): Promise<void> {
  ignoreHangup();
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    process.stderr.write(`${name}: ${formatProblem(error.problem)}\n`);
    process.exitCode = exitCodes.usage;
  }
}
