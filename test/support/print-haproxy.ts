import { findHaproxy, versionOfProgram } from '../../testbed/rig/haproxy-program.ts';

/* Says at the start of a test run what it runs against: `node test/support/print-haproxy.ts`. */

const program = findHaproxy();
const version = program === null ? null : versionOfProgram(program);
const named = process.env['HAPROXY'];
if (version !== null) process.stdout.write(`tests run against HAProxy ${version} (${program})\n`);
else if (program === null && (named === undefined || named === ''))
  process.stdout.write('no haproxy program was found\n');
else {
  // else the tests would be skipped, and whoever asked for this HAProxy would take that for a pass
  process.stderr.write(`HAPROXY=${named}: this is no HAProxy program\n`);
  process.exitCode = 2;
}
