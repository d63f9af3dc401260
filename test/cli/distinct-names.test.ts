import test from 'ava';
import fc from 'fast-check';
import { distinctNames } from '../../cli/view/distinct-names.ts';

test('short names stay, long ones are cut, and of those with the same beginning the end is kept', (t) => {
  const cases: readonly (readonly [names: readonly string[], shown: readonly string[]])[] = [
    [
      ['GET /cart', 'all'],
      ['GET /cart', 'all'],
    ],
    [
      ['GET /login-0', 'all'],
      ['GET /logi…', 'all'],
    ],
    [
      ['GET /login-0', 'GET /login-1', 'GET /login'],
      ['GET /log…0', 'GET /log…1', 'GET /login'],
    ],
    [
      ['checkout step 1 of 2', 'checkout step 2 of 2'],
      ['che…1 of 2', 'che…2 of 2'],
    ],
    [
      ['checkout first of them', 'checkout other of them'],
      ['checkout#1', 'checkout#2'],
    ],
  ];
  for (const [names, shown] of cases) t.deepEqual(distinctNames(names, 10), shown);
});

test('names that differ are shown as different, in the width that there is', (t) => {
  const anyName = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1', '#', '…', '\u001b'), maxLength: 20 });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyName, { maxLength: 12, selector: (name) => name.replaceAll('\u001b', '?') }),
      (names) => {
        const shown = distinctNames(names, 10);
        t.true(shown.every((name) => name.length <= 10 && !name.includes('\u001b')));
        return new Set(shown).size === names.length;
      },
    ),
    { numRuns: 2_000, seed: 16 },
  );
});
