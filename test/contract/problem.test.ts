import { readFileSync } from 'node:fs';
import test from 'ava';
import { formatProblem, problemCodes, quote } from '../../contract/problem.ts';

test('docs/operations.md lists every problem code with its meaning, and no other', (t) => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('## Problem codes');
  const documented = [...table.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  t.deepEqual(documented, Object.entries(problemCodes));
});

test('a problem is one line: where, what, expected, got, how to mend', (t) => {
  const problem = {
    code: 'usage',
    where: '--x',
    what: 'cannot be used',
    expected: 'a',
    got: 'b',
    mend: 'Say a.',
  } as const;
  t.is(formatProblem(problem), '--x: cannot be used; expected a, got b. Say a.');
  t.is(formatProblem({ code: 'usage', where: '--x', what: 'missing' }), '--x: missing');
});

test('foreign text cannot break the line, move the cursor or fill the screen', (t) => {
  t.is(quote('a\nb\x1b[2J\tc'), '"a b?[2J c"');
  t.is(quote('x'.repeat(500)).length, 123);
});
