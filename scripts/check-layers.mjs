// Checks every import against the table "Layers" of docs/architecture.md: which folders and npm packages it may import.
// `node scripts/check-layers.mjs [FOLDER]` prints a line for each import that is not allowed, and then exits with 1.
// Type-only imports count too. The linter checks for circular imports (biome.json).
// JavaScript, so that it runs on a tree that does not compile.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const document = 'docs/architecture.md';
const read = (path) => readFileSync(join(root, path), 'utf8');

/** Rows of the table: | `folder/` | `may/`, `import/` | `package`, pure | */
function layersOf(text) {
  const section = text.split(/^## Layers$/m)[1]?.split(/^## /m)[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`|]+)` \|([^|]*)\|([^|]*)\|$/gm)];
  const quoted = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  return rows.map(([, place, folders, packages]) => ({
    place,
    folders: quoted(folders),
    packages: quoted(packages),
    isPure: /\bpure\b/.test(packages),
  }));
}

const layers = layersOf(read(document));
const covers = (place, path) => path === place || (place.endsWith('/') && path.startsWith(place));
/** The row of a file: the longest path that contains it. */
const rowOf = (path) =>
  layers.filter(({ place }) => covers(place, path)).toSorted((a, b) => b.place.length - a.place.length)[0];

/** Static, dynamic and type-only imports, re-exports, and `typeof import()`. */
function importsOf(source) {
  const found = source.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^'\n]+)'/gm);
  return [...found].map((match) => ({ to: match[1], line: source.slice(0, match.index).split('\n').length }));
}

/** Why a file may not import this module; null if it may. */
function objection(path, row, to) {
  if (to.startsWith('node:')) return row.isPure ? 'pure: no modules of Node.js' : null;
  if (!to.startsWith('.')) {
    const name = to
      .split('/')
      .slice(0, to.startsWith('@') ? 2 : 1)
      .join('/');
    return row.packages.includes(name) ? null : `packages: ${row.packages.join(', ') || 'none'}`;
  }
  const target = normalize(join(dirname(path), to));
  const allowed = rowOf(target) === row || row.folders.some((place) => covers(place, target));
  return allowed ? null : `may import ${row.folders.join(', ') || 'nothing else'}`;
}

const failures = [];
const tops = [...new Set(layers.map(({ place }) => place.split('/')[0]))];
for (const path of tops.flatMap((top) => globSync(`${top}/**/*.ts`, { cwd: root })).sort()) {
  const row = rowOf(path);
  if (row === undefined) failures.push(`${path}: no row of ${document}, Layers, covers it`);
  else {
    for (const { to, line } of importsOf(read(path))) {
      const why = objection(path, row, to);
      if (why !== null) failures.push(`${path}:${line}: imports ${to}; ${row.place} ${why}`);
    }
  }
}
if (layers.length === 0) failures.push(`${document}: no table under "## Layers"`);
for (const line of failures) process.stderr.write(`${line}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
