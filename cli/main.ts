import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes, formatProblem, ProblemError } from '../shared/contract/problem.ts';
import { ignoreHangup } from '../shared/process/stop-signals.ts';
import { checkEnvironment } from './check-environment.ts';
import { fail, note } from './exit.ts';

/** Each is loaded only when it is named: an agent must not hold the controller's code in memory. */
const commands = {
  agent: async () => (await import('./commands/agent.ts')).agentCommand(),
  controller: async () => (await import('./commands/controller.ts')).controllerCommand(),
  weights: async () => (await import('./commands/weights.ts')).weightsCommand(),
  explain: async () => (await import('./commands/explain.ts')).explainCommand(),
  replay: async () => (await import('./commands/replay.ts')).replayCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  jtl: async () => (await import('./commands/jtl.ts')).jtlCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  restore: async () => (await import('./commands/restore.ts')).restoreCommand(),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
} as const satisfies Record<string, () => Promise<Command>>;

const examples = `
Examples:
  haweight demo                              see it work on this machine
  haweight agent --once                      what an agent would report here
  haweight agent                             on each server
  haweight controller -b web --dry-run       try it without writing
  haweight controller -b web
  haweight weights --watch                   the weights, and why
  haweight explain web/web1                  one decision, step by step
  haweight replay ticks.jsonl --policy equal what another policy would have done
  haweight simulate --fleet 1,2,4 --load 85  try policies on your own fleet
  haweight doctor -b web                     check the set-up

Exit codes: 0 success; 1 a check or the demo failed, or the input was damaged;
2 invalid usage or configuration, or HAProxy or the controller cannot be used;
130, 143 interrupted (Ctrl-C, SIGTERM). docs/operations.md explains them.`;

/** Runs one command line and gives the exit code. Problems become one line on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  endOnBrokenOutput();
  leaveMissingFolder();
  ignoreHangup();
  const program = await makeProgram(argv[2]);
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? exitCodes.fine);
  } catch (error) {
    if (error instanceof ProblemError) return fail(formatProblem(error.problem), exitCodes.usage);
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    throw error;
  }
}

/** The program with the command of this name; with all commands if the name is missing or unknown. */
export async function makeProgram(name?: string): Promise<Command> {
  const program = new Command('haweight')
    .description("Sets HAProxy's server weights from what the servers measure.")
    .version(version())
    .addHelpText('after', examples)
    .showHelpAfterError('(see haweight --help)')
    .enablePositionalOptions();
  program.exitOverride();
  program.hook('preAction', async (_, command) => await checkEnvironment(command.name()));
  for (const load of wantedCommands(name)) {
    const command = (await load()).copyInheritedSettings(program).enablePositionalOptions(false);
    program.addCommand(command.exitOverride());
  }
  return program;
}

/** The named command, or all. */
function wantedCommands(name = ''): (() => Promise<Command>)[] {
  return Object.hasOwn(commands, name) ? [commands[name as keyof typeof commands]] : Object.values(commands);
}

/** `haweight ... | head` closes the output early: that is not a failure. A full disk is. */
function endOnBrokenOutput(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(exitCodes.fine);
    process.exit(fail(`standard output cannot be written; got ${code}`, exitCodes.usage));
  });
}

/** A deploy may have removed the folder that we were started in, which Node.js fails at wherever a path is completed. */
function leaveMissingFolder(): void {
  try {
    process.cwd();
  } catch {
    note('note: the working directory is gone; paths that do not begin with / are taken from /');
    process.chdir('/');
  }
}

/** From package.json, which is one folder up in the repository and two in the compiled package. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // try the other path
    }
  }
  return 'unknown';
}
