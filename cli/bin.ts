#!/usr/bin/env node
// No imports before the version check: on an old Node.js they may fail to load.
const wanted = 24;
const major = Number(process.versions.node.split('.', 1)[0]);
const onlyHelp = process.argv
  .slice(2)
  .some((argument) => ['--help', '-h', '--version', '-V', 'help'].includes(argument));

if (major < wanted && !onlyHelp) {
  process.stderr.write(
    `haweight: Node.js: too old; expected ${wanted} or newer, got ${process.versions.node}. Install it from https://nodejs.org\n`,
  );
  process.exitCode = 2;
} else {
  try {
    const { main } = await import('./main.ts');
    process.exitCode = await main(process.argv);
  } catch (error) {
    // so few that our own files cannot be loaded
    if (!(error instanceof Error) || !/too many open files|EMFILE/.test(error.message)) throw error;
    process.stderr.write('haweight: too many open files. Raise the limit: ulimit -n, or LimitNOFILE= in the unit.\n');
    process.exitCode = 2;
  }
}
