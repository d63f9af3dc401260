import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes, formatProblem, ProblemError } from '../contract/problem.ts';
import { agentCommand } from './commands/agent.ts';
import { controllerCommand } from './commands/controller.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { restoreCommand } from './commands/restore.ts';
import { weightsCommand } from './commands/weights.ts';
import { fail } from './exit.ts';

const examples = `
Examples:
  haweight demo                                    see it work on this machine
  haweight agent --once                            what an agent would report here
  haweight agent                                   on each server
  haweight controller --backend web --dry-run      beside HAProxy, without writing
  haweight controller --backend web
  haweight weights --watch                         the weights and why they are so
  haweight explain web/web1                        one decision, step by step
  haweight doctor --backend web                    what is wrong with the set-up

Exit codes: 0 fine, 1 a check failed, 2 usage or configuration.`;

/** Runs one command line and gives the exit code. Problems become one line on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyOnBrokenPipe();
  const program = new Command('haweight')
    .description("Sets HAProxy's server weights from what the servers measure.")
    .version(version())
    .addHelpText('after', examples)
    .showHelpAfterError('(haweight --help lists what there is)')
    .enablePositionalOptions();
  const commands = [
    agentCommand(),
    controllerCommand(),
    weightsCommand(),
    explainCommand(),
    doctorCommand(),
    restoreCommand(),
    demoCommand(),
  ];
  for (const command of [program, ...commands]) command.exitOverride();
  for (const command of commands)
    program.addCommand(command.copyInheritedSettings(program).enablePositionalOptions(false));
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? exitCodes.fine);
  } catch (error) {
    if (error instanceof ProblemError) return fail(formatProblem(error.problem), exitCodes.usage);
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    throw error;
  }
}

/** `haweight ... | head` closes our output early: that is no failure. */
function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.fine);
    throw error;
  });
}

/** From package.json, which is one folder up in the repository and two in the compiled package. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // the other one
    }
  }
  return 'unknown';
}
