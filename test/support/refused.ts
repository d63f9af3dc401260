import type { ExecutionContext } from 'ava';
import type { Finished } from './process.ts';

/** A command line that is refused: exit code 2 and one line, which this matches after the program's name. */
export function isRefused(t: ExecutionContext, { code, stdout, stderr }: Finished, line: RegExp): void {
  t.is(code, 2, stderr);
  t.is(stdout, '');
  t.regex(stderr, /^haweight: [^\n]+\n$/);
  t.regex(stderr.replace(/^haweight: /, ''), line);
}
