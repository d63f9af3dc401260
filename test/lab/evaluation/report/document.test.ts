import { readFileSync } from 'node:fs';
import test from 'ava';
import { updateDocuments } from '../../../../lab/evaluation/report/document.ts';
import { formatCount, formatImprovement, formatShare, formatSpread } from '../../../../lab/evaluation/report/format.ts';
import { groups } from '../../../../lab/evaluation/report/groups.ts';
import { partsForDocuments, partsOf } from '../../../../lab/evaluation/report/parts.ts';
import { contenderTable, scenarioTable } from '../../../../lab/evaluation/report/tables/setting.ts';
import { scenarioNames, scenarios } from '../../../../lab/evaluation/scenarios.ts';
import { markdownTable } from '../../../../lab/support/markdown.ts';
import { ProblemError } from '../../../../shared/contract/problem.ts';
import { milliseconds } from '../../../../shared/terminal/format.ts';
import { run } from './results-folder.ts';

const text = [
  'By hand, $1.',
  '<!-- generated: one -->',
  'old',
  '<!-- end -->',
  'Also by hand.',
  '<!-- generated: other run -->',
  'kept',
  '<!-- end -->',
  '<!-- generated: two -->',
  '<!-- end -->',
  'The end.',
  '',
].join('\n');

test('generated parts are replaced, and handwritten parts and those of another run stay', (t) => {
  const parts = new Map([
    ['one', 'new $& $1'],
    ['two', 'a\nb'],
  ]);
  const updated = updateDocuments(new Map([['doc.md', text]]), parts);
  t.is(
    updated.get('doc.md'),
    [
      'By hand, $1.',
      '<!-- generated: one -->',
      '',
      'new $& $1',
      '',
      '<!-- end -->',
      'Also by hand.',
      '<!-- generated: other run -->',
      'kept',
      '<!-- end -->',
      '<!-- generated: two -->',
      '',
      'a',
      'b',
      '',
      '<!-- end -->',
      'The end.',
      '',
    ].join('\n'),
  );
  t.deepEqual(updateDocuments(updated, parts), updated, 'twice is once');
});

test('each part goes to the document that has its marker', (t) => {
  const marked = (name: string) => `<!-- generated: ${name} -->\n<!-- end -->\n`;
  const documents = new Map([
    ['words.md', marked('one')],
    ['tables.md', marked('two')],
  ]);
  const parts = new Map([
    ['two', '2'],
    ['one', '1'],
  ]);
  t.deepEqual(
    [...updateDocuments(documents, parts).values()],
    ['<!-- generated: one -->\n\n1\n\n<!-- end -->\n', '<!-- generated: two -->\n\n2\n\n<!-- end -->\n'],
  );
  t.throws(() => updateDocuments(new Map([...documents, ['copy.md', marked('two')]]), parts), {
    message: /^words\.md, tables\.md, copy\.md: a marker is there twice; got <!-- generated: two -->\./,
  });
});

for (const { name, document, says } of [
  {
    name: 'missing',
    document: text.replace('<!-- generated: two -->', ''),
    says: 'doc.md: a marker is missing; got <!-- generated: two -->. Compare with docs/evaluation-tables.md.',
  },
  {
    name: 'there twice',
    document: text + text,
    says: 'doc.md: a marker is there twice; got <!-- generated: one -->. Compare with docs/evaluation-tables.md.',
  },
  {
    name: 'without an end',
    document: text.replace('old\n<!-- end -->\n', 'old\n'),
    says: 'doc.md: no <!-- end --> follows a marker; got <!-- generated: one -->. Compare with docs/evaluation-tables.md.',
  },
] as const) {
  test(`a marker that is ${name} is reported in one line`, (t) => {
    const parts = new Map([
      ['one', ''],
      ['two', ''],
    ]);
    const error = t.throws(() => updateDocuments(new Map([['doc.md', document]]), parts), { instanceOf: ProblemError });
    t.is(error?.message, says);
  });
}

test('docs/evaluation.md and docs/evaluation-tables.md have exactly the markers of both runs', (t) => {
  const documents = new Map(
    ['docs/evaluation.md', 'docs/evaluation-tables.md'].map((file) => [
      file,
      readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8'),
    ]),
  );
  const parts = partsOf({ run, cells: [], discarded: [], missing: 0, timelines: [] }, [], '');
  const names = [...partsForDocuments(parts, 'full').keys(), ...partsForDocuments(parts, 'publication').keys()];
  const markers = [...documents.values()].flatMap((document) =>
    [...document.matchAll(/<!-- generated: (.*) -->/g)].map(([, name]) => name),
  );
  t.deepEqual(markers.toSorted(), names.toSorted());
  for (const matrix of ['full', 'publication'] as const)
    t.notThrows(() => updateDocuments(documents, partsForDocuments(parts, matrix)));
});

test('every scenario is in one group and in the table of scenarios', (t) => {
  t.deepEqual(Object.values(groups).flat().toSorted(), scenarioNames.toSorted());
  const rows = scenarioTable('full') + scenarioTable('limits');
  t.deepEqual(
    scenarios.filter(({ name, title }) => !rows.includes(`| \`${name}\` | ${title} |`)),
    [],
  );
  t.true(rows.includes('s2, s4 gone from 0.3 s to 5.3 s'));
  t.true(rows.includes('bursts of 110 %, 130 %, 150 %, 170 %, 190 % of capacity for 300 ms every 5 s'));
  t.true(rows.includes('1 process burns CPU on s5'));
  t.true(rows.includes('s3 answers 500 at once'));
  t.true(rows.includes('requests to s1, s2, s3, s4, s5 wait 150 ms first from 6 s to 18 s'));
  t.true(rows.includes('every request waits 150 ms first, in the warm-up too'));
  t.true(rows.includes('10 % of the requests need 10 times the CPU'));
  t.true(contenderTable('full').includes('| `inverse-load+random` | `random(2)` | haweight, policy `inverse-load` |'));
  const limited = contenderTable('limits');
  t.true(limited.includes('| `roundrobin` | all equal, no controller; `maxconn 2` on each server |'));
  t.true(limited.includes('| `leastconn` | haweight, policy `capacity`, and its limits |'));
});

test('numbers are written for people', (t) => {
  t.deepEqual(
    [0.04, 9.96, 99.94, 99.95, 1_234.5].map((ms) => milliseconds(ms)),
    ['0.0', '10.0', '99.9', '100', '1235'],
  );
  t.deepEqual([0, 0.000_04, 0.0031, 0.05, 0.5, 0.99, 0.9997, 0.999_99, 1].map(formatShare), [
    '0',
    '<0.01',
    '0.31',
    '5.0',
    '50.0',
    '99.0',
    '99.97',
    '>99.99',
    '100',
  ]);
  t.deepEqual([0.0566, -0.2, 0, -0.0001].map(formatImprovement), ['+5.7 %', '-20.0 %', '+0.0 %', '+0.0 %']);
  t.deepEqual([3, 2.5].map(formatCount), ['3', '2.5']);
  const spread = { median: 12.34, min: 10, max: 14, count: 3 };
  t.is(formatSpread(spread, milliseconds), '12.3 (10.0–14.0)');
  t.is(formatSpread({ ...spread, min: 12.31, max: 12.34 }, milliseconds), '12.3');
  t.is(formatSpread(null, milliseconds), '–');
  t.is(markdownTable(['a', 'b'], [['1|2', '3']]), '| a | b |\n|---|---|\n| 1\\|2 | 3 |');
});
