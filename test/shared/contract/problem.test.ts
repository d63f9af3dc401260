import { readFileSync } from 'node:fs';
import test from 'ava';
import { formatProblem, problemCodes, quote, quoteValue } from '../../../shared/contract/problem.ts';

test('docs/operations.md lists every problem code with its meaning, and no other', (t) => {
  const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('## Problem codes');
  const documented = [...table.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  t.deepEqual(documented, Object.entries(problemCodes));
});

test('a problem is formatted as one line: where, what, expected, got, how to fix', (t) => {
  const problem = {
    code: 'usage',
    where: '--x',
    what: 'cannot be used',
    expected: 'a',
    got: 'b',
    fix: 'Say a.',
  } as const;
  t.is(formatProblem(problem), '--x: cannot be used; expected a, got b. Say a.');
  t.is(formatProblem({ code: 'usage', where: '--x', what: 'missing' }), '--x: missing');
});

test('foreign text cannot break the line, move the cursor or fill the screen', (t) => {
  t.is(quote('a\nb\x1b[2J\tc'), '"a b?[2J c"');
  t.is(quote('x'.repeat(500)).length, 123);
});

test('a message stays short, even with a long name in it', (t) => {
  const long = 'x'.repeat(100_000);
  const line = formatProblem({ code: 'usage', where: long, what: long, expected: long, got: long, fix: long });
  t.true(line.length < 3_200, `${line.length}`);
});

test('a foreign value is shown as JSON, or by its kind where JSON has no form for it', (t) => {
  const circle: unknown[] = [];
  circle.push(circle);
  t.is(quoteValue({ a: [1, null, 'b'] }), '{"a":[1,null,"b"]}');
  t.is(quoteValue(undefined), 'nothing');
  t.is(quoteValue(circle), 'a list');
  t.is(quoteValue({ circle }), 'an object');
  t.is(quoteValue('x'.repeat(500), 10), '"xxxxxxxxx…');
});
