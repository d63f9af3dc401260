import { styleText } from 'node:util';
import test from 'ava';
import { printableJson, printableOutput, printableText } from '../../../shared/contract/printable-text.ts';
import { formatProblem, quote, quoteValue } from '../../../shared/contract/problem.ts';
import { clip } from '../../../shared/terminal/text.ts';

/** ESC, BEL, DEL, CSI in one character; the directions and their isolates; no width, joiner, tag; separators; half a character. */
const hostile = [
  ...['\u001b', '\u0007', '\u007f', '\u009b'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
  ...['\u2066', '\u2067', '\u2068', '\u2069'],
  ...['\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u{e0041}'],
  ...['\u2028', '\u2029', '\ud800', '\udc00'],
];
const harmless = 'web-1 Zürich 東京 🚀 عربى é';

for (const each of hostile) {
  const code = each.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  test(`U+${code} does not reach a terminal`, (t) => {
    t.is(printableText(`a${each}b`), 'a?b');
    t.is(printableOutput(`a${each}b\n`), 'a?b\n');
    t.is(clip(`a${each}b`, 10), 'a?b');
    for (const text of [
      quote(`a${each}b`),
      quoteValue({ a: each }),
      formatProblem({ code: 'usage', where: each, what: each }),
    ]) {
      t.false(text.includes(each), JSON.stringify(text));
    }
    const json = printableJson(JSON.stringify({ [each]: [`a${each}b`] }, null, 2));
    t.false(json.includes(each));
    t.deepEqual(JSON.parse(json), { [each]: [`a${each}b`] });
  });
}

test('other characters, line feeds and colours stay', (t) => {
  const coloured = `${styleText('green', harmless, { validateStream: false })}\n${styleText(['bold', 'red'], 'x', { validateStream: false })}`;
  t.is(printableText(harmless), harmless);
  t.is(printableOutput(coloured), coloured);
  t.is(printableOutput('\u001b[2J\u001b]0;title\u0007'), '?[2J?]0;title?');
  t.is(printableJson(JSON.stringify([harmless, '\\'], null, 2)), JSON.stringify([harmless, '\\'], null, 2));
});
