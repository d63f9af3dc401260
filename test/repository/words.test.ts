import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '../..');
const glossary = 'docs/architecture.md';
const places = [
  '{shared,haproxy,agent,controller,cli,testbed,lab,test,scripts,deploy,docs}/**/*.{ts,mjs,md,cfg,conf,jmx,service}',
  '*.{md,yaml,js}',
  'Dockerfile',
  '.ci/run',
];
/** Terms of queueing theory: laws that are no policies. */
const terms = /utilisation law|Little's law/g;

/** Words of the glossary's last column, and of the list below its table. */
function wordsNotToSay(): readonly string[] {
  const section = sectionOf(readFileSync(join(root, glossary), 'utf8'));
  const cells = [...section.matchAll(/^\|[^|]*\|[^|]*\|([^|]*)\|$/gm)].map(([, cell = '']) => cell);
  const list = /^Plain words elsewhere[\s\S]*?`test\//m.exec(section)?.[0] ?? '';
  const quoted = [...cells, list.replace(/`test\/$/, '')].flatMap((text) => [...text.matchAll(/`([^`]+)`/g)]);
  return [...new Set(quoted.map(([, word = '']) => word))];
}

function sectionOf(text: string): string {
  return text.split(/^## Words$/m)[1]?.split(/^## /m)[0] ?? '';
}

/** As a word, and in a name: `mend`, `mendIt`, `setMend`, but neither `amend` nor `recommend`. */
function pattern(word: string): RegExp {
  const capital = `${word[0]?.toUpperCase()}${word.slice(1)}`;
  return new RegExp(`(?<![A-Za-z])(?:${word}|${capital})(?![a-z])|(?<=[a-z])${capital}(?![a-z])`, 'g');
}

const words = wordsNotToSay();
/** Text by path, without the glossary itself; a phrase may go on in the next line. */
const texts = new Map(
  places
    .flatMap((place) => globSync(place, { cwd: root }))
    .filter((path) => statSync(join(root, path)).isFile() && !path.endsWith('words.test.ts'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const own = path === glossary ? text.replace(sectionOf(text), '') : text;
      return [path, own.replace(terms, '').replace(/\s+(?:\*|\/\/)?\s*/g, ' ')];
    }),
);

test('the glossary has words to look for, and the search finds a name that holds one', (t) => {
  t.true(words.length > 10, words.join());
  t.true(texts.size > 600);
  t.true(words.includes('law') && words.includes('of ours'));
  t.regex('const shadowLaw = 1', pattern('law'));
  t.notRegex('lawn, flaw', pattern('law'));
});

for (const word of words) {
  test(`no code, help text or document says "${word}"`, (t) => {
    const isSaid = pattern(word);
    const found = [...texts].flatMap(([path, text]) => (text.search(isSaid) === -1 ? [] : [path]));
    t.deepEqual(found, []);
  });
}
