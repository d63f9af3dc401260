import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { policyNames } from '../../controller/decide/policies/registry.ts';
import { goals } from '../../lab/goals/goals.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test('docs/policies.md and docs/algorithm.md tell of every policy', (t) => {
  for (const path of ['docs/policies.md', 'docs/algorithm.md']) {
    for (const name of policyNames) t.true(read(path).includes(`| \`${name}\``), `${path}: ${name}`);
  }
});

test('docs/policies.md has every goal, in its words', (t) => {
  for (const { name, text } of goals) t.true(read('docs/policies.md').includes(`| ${name} | ${text} |`), name);
});

test('every test that docs/reliability.md names is there, by its title', (t) => {
  const named = [...read('docs/reliability.md').matchAll(/\]\(\.\.\/(test\/[^)]+\.test\.ts)\): ([^|]+) \|/g)];
  t.true(named.length > 30);
  for (const [, path = '', title = ''] of named) t.true(read(path).includes(title), `${path}: ${title}`);
});

test('links between documents lead somewhere', (t) => {
  for (const path of documents) {
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)?(?:#([^)]+))?\)/g)];
    for (const [link, file, anchor] of links) {
      const target = file === undefined ? path : join(dirname(path), file);
      t.true(existsSync(join(root, target)), `${path}: ${link}`);
      if (anchor !== undefined) t.true(anchorsOf(target).includes(anchor), `${path}: ${link}`);
    }
  }
});

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
