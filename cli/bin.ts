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
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv);
}
