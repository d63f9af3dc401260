import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes, formatProblem, ProblemError } from '../shared/contract/problem.ts';
import { fail } from './exit.ts';

/** Loaded only when asked for: an agent must not carry what a controller needs. */
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
  haweight controller -b web --dry-run       beside HAProxy, without writing
  haweight controller -b web
  haweight weights --watch                   the weights and why they are so
  haweight explain web/web1                  one decision, step by step
  haweight replay ticks.jsonl --policy equal what another policy would have done
  haweight simulate --fleet 1,2,4 --load 85  policies on a fleet of your own
  haweight doctor -b web                     what is wrong with the set-up

Exit codes: 0 fine, 1 a check failed, 2 usage or configuration.`;

/** Runs one command line and gives the exit code. Problems become one line on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyOnBrokenPipe();
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

/** The program with the command of this name; with all commands where the name is missing or unknown. */
export async function makeProgram(name?: string): Promise<Command> {
  const program = new Command('haweight')
    .description("Sets HAProxy's server weights from what the servers measure.")
    .version(version())
    .addHelpText('after', examples)
    .showHelpAfterError('(haweight --help lists what there is)')
    .enablePositionalOptions();
  program.exitOverride();
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
