import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = join(import.meta.dirname, '../../scripts/check-layers.mjs');

const table = `## Layers

| Folder | may import | npm packages |
|---|---|---|
| \`ground/pure/\` | | \`zod\`; pure |
| \`ground/\` | \`ground/\` | |
| \`house/\` | \`ground/\` | \`axios\` |
| \`house/index.ts\` | \`house/\` | |
| \`roof/\` | \`house/index.ts\` | |

## Words
`;

/** Checks a tree of these files. Returns the lines that it printed, and whether it passed. */
async function check(files: Readonly<Record<string, string>>) {
  await using folder = await temporaryFolder();
  for (const [path, text] of Object.entries({ 'docs/architecture.md': table, ...files })) {
    await mkdir(join(folder.path, dirname(path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  return await new Promise<{ passed: boolean; lines: readonly string[] }>((resolve) => {
    execFile(process.execPath, [script, folder.path], (error, _stdout, stderr) =>
      resolve({ passed: error === null, lines: stderr.trimEnd().split('\n').filter(Boolean) }),
    );
  });
}

test('imports that the table allows pass: down, beside, through a front door, and packages that are named', async (t) => {
  const { passed, lines } = await check({
    'ground/pure/a.ts': "import { z } from 'zod';\nimport { b } from './b.ts';\n",
    'ground/pure/b.ts': '',
    'ground/c.ts': "import { a } from './pure/a.ts';\nimport { readFileSync } from 'node:fs';\n",
    'house/d.ts': "import axios from 'axios';\nimport { c } from '../ground/c.ts';\n",
    'house/index.ts': "export { d } from './d.ts';\n",
    'roof/e.ts': "import { d } from '../house/index.ts';\n",
  });
  t.deepEqual(lines, []);
  t.true(passed);
});

const refused: readonly [what: string, path: string, text: string, line: string][] = [
  ['up', 'ground/a.ts', "import { d } from '../house/d.ts';", 'imports ../house/d.ts; ground/ may import ground/'],
  [
    'a type alone',
    'ground/a.ts',
    "import type { D } from '../house/d.ts';",
    'imports ../house/d.ts; ground/ may import',
  ],
  ['a type in a type', 'ground/a.ts', "type D = typeof import('../house/d.ts');", 'imports ../house/d.ts;'],
  ['a dynamic import', 'ground/a.ts', "await import('../house/d.ts');", 'imports ../house/d.ts;'],
  ['past the front door', 'roof/a.ts', "export { d } from '../house/d.ts';", 'roof/ may import house/index.ts'],
  ['a package that is not named', 'house/a.ts', "import _ from 'lodash/fp';", 'house/ packages: axios'],
  [
    'Node.js in a pure folder',
    'ground/pure/a.ts',
    "import { readFileSync } from 'node:fs';",
    'pure: no modules of Node.js',
  ],
];
for (const [what, path, text, line] of refused) {
  test(`refused with file and line: ${what}`, async (t) => {
    const { passed, lines } = await check({ [path]: `\n${text}\n` });
    t.false(passed);
    t.is(lines.length, 1, lines.join('\n'));
    t.true(lines[0]?.startsWith(`${path}:2: imports `), lines[0]);
    t.true(lines[0]?.includes(line), lines[0]);
  });
}

test('a file that no row covers, and a document without a table, are failures', async (t) => {
  const { lines } = await check({
    'house/x.ts': '',
    'docs/architecture.md': table.replace('`house/`', '`house/other/`'),
  });
  t.deepEqual(lines, ['house/x.ts: no row of docs/architecture.md, Layers, covers it']);
  t.false((await check({ 'docs/architecture.md': '# Nothing\n' })).passed);
});
