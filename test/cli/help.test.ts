import test from 'ava';
import type { Command } from 'commander';
import { makeProgram } from '../../cli/main.ts';
import { haweight } from '../support/process.ts';

/** What `--help` prints where standard output is no terminal. */
function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => 80,
  });
  command.outputHelp();
  return help;
}

const program = await makeProgram();

for (const command of [program, ...program.commands]) {
  const line = command === program ? 'haweight' : `haweight ${command.name()}`;
  test(`the help of ${line} has examples and fits 80 columns`, (t) => {
    const help = helpOf(command);
    t.true(help.startsWith(`Usage: ${line} `), help);
    t.regex(help, /Examples:\n/);
    for (const each of help.split('\n')) t.true(each.length <= 80, each);
  });
}

test('the program has all of its commands', (t) => {
  t.deepEqual(
    program.commands.map((command) => command.name()),
    ['agent', 'controller', 'weights', 'explain', 'replay', 'simulate', 'jtl', 'doctor', 'restore', 'demo'],
  );
});

for (const args of [['--help'], ['weights', '--help']]) {
  test.serial(`haweight ${args.join(' ')} prints its help and exits with 0`, async (t) => {
    const { code, stdout, stderr } = await haweight(args);
    t.is(code, 0, stderr);
    t.is(stderr, '');
    const command = program.commands.find((each) => each.name() === args[0]) ?? program;
    t.is(stdout, helpOf(command));
  });
}
