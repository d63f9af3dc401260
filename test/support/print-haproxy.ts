import { findHaproxy, versionOfProgram } from '../../testbed/rig/haproxy-program.ts';

/* Says at the start of a test run what it runs against: `node test/support/print-haproxy.ts`. */

const program = findHaproxy();
const version = program === null ? null : versionOfProgram(program);
const named = process.env['HAPROXY'];
if (version !== null) process.stdout.write(`tests run against HAProxy ${version} (${program})\n`);
else if (program === null && (named === undefined || named === ''))
  process.stdout.write('no haproxy program was found\n');
else {
  // else the tests would be skipped, which would look like a pass with this HAProxy
  process.stderr.write(`HAPROXY=${named}: not an HAProxy program\n`);
  process.exitCode = 2;
}
