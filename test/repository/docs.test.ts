import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test from 'ava';
import { generalGoals } from '../../lab/goals/goals.ts';
import { policyNames } from '../../shared/contract/policy-names.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** Product, worlds and proofs: the folders of the code map in docs/architecture.md. */
const tops = ['shared', 'haproxy', 'agent', 'controller', 'cli', 'testbed', 'lab'];
const fileNames = new Set(
  globSync(['*', `{${tops.join(',')},test,docs}/**/*.*`], { cwd: root }).map((each) => basename(each)),
);
const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test('docs/policies.md and docs/algorithm.md describe every policy', (t) => {
  for (const path of ['docs/policies.md', 'docs/algorithm.md']) {
    for (const name of policyNames) t.true(read(path).includes(`| \`${name}\``), `${path}: ${name}`);
  }
});

test('docs/policies.md has every goal word for word', (t) => {
  for (const { name, text } of generalGoals('capacity'))
    t.true(read('docs/policies.md').includes(`| ${name} | ${text} |`), name);
});

test('every test that docs/reliability.md quotes exists', (t) => {
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

test('links between documents lead to files of the package, or to tests and proofs', (t) => {
  const { files } = JSON.parse(read('package.json')) as { files: readonly string[] };
  const shipped = [...files, 'README.md', 'LICENSE'];
  const isInPackage = (path: string) =>
    shipped.some((each) => (each.endsWith('/') ? `${path}/`.startsWith(each) : path === each));
  for (const path of documents) {
    t.true(isInPackage(path), path);
    for (const [link, file = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      const target = join(dirname(path), file);
      t.true(isInPackage(target) || /^(test|lab)\//.test(target), `${path}: ${link}`);
    }
  }
});

test('README.md has at most 120 lines', (t) => {
  t.true(read('README.md').trimEnd().split('\n').length <= 120);
});

for (const path of ['docs/architecture.md', 'CONTRIBUTING.md']) {
  test(`every path that ${path} names exists`, (t) => {
    const named = Object.values(sectionsOf(path)).flatMap(pathsIn);
    t.true(named.length > 30);
    for (const each of named) {
      // of a file without its folder only the name can be checked
      t.true(each.includes('/') ? existsSync(join(root, each)) : fileNames.has(each), each);
    }
  });
}

test('every test that the threats of docs/security.md name exists', (t) => {
  const rows = (sectionsOf('docs/security.md')['Threats, by interface'] ?? '').matchAll(/^\|.*\|([^|]*)\|$/gm);
  const named = [...rows].flatMap(([, tests = '']) => [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  t.true(named.length > 50);
  for (const name of named) t.true(existsSync(join(root, `test/${name}.test.ts`)), name);
});

test('the code map of docs/architecture.md has every folder', (t) => {
  const map = sectionsOf('docs/architecture.md')['Code map'] ?? '';
  const folders = new Set(
    globSync(`{${tops.join(',')}}/**/*.ts`, { cwd: root }).flatMap((file) => {
      const [top, second] = dirname(file).split('/');
      return second === undefined ? [`${top}/`] : [`${top}/`, `${top}/${second}/`];
    }),
  );
  t.true(folders.size > 30);
  for (const folder of folders) t.true(map.includes(`\n| \`${folder}\` |`), folder);
});

/** A document's text by its headings of the second level. */
function sectionsOf(path: string): Readonly<Record<string, string>> {
  const [, ...sections] = read(path).split(/^## /m);
  return Object.fromEntries(sections.map((section) => [section.split('\n', 1)[0] ?? '', section]));
}

/** Folders and files that a text names in backticks, one each; diagrams and commands are left out. */
function pathsIn(text: string): string[] {
  const [, ...spans] = text
    .split(/^```$/m)
    .filter((_, index) => index % 2 === 0)
    .join('')
    .split('`');
  const code = spans.filter((_, index) => index % 2 === 0);
  return code.filter((span) => /^[\w.-]+\/[\w./-]*$|^[\w.-]+\.(?:ts|js|mjs|json|md|yaml)$/.test(span));
}

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
