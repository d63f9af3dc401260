import test from 'ava';
import { type Done, describe, type Explanation, explain } from '../../../lab/soak/explain.ts';
import { broken, failedWith, outcomeOf } from '../../support/outcome.ts';

const done: readonly Done[] = [
  { fault: 'reload', server: null, startMs: 1_000, endMs: 1_100 },
  { fault: 'server killed', server: 's3', startMs: 50_000, endMs: 50_010 },
];
const overdue = outcomeOf({ server: null, status: null, failure: 'deadline' });

const cases: readonly {
  readonly name: string;
  readonly trouble: Parameters<typeof explain>[0];
  readonly why: Explanation;
}[] = [
  { name: 'a retry after a reload', trouble: { atMs: 1_500, outcome: broken, retried: true }, why: 'reload' },
  { name: 'a retry before it', trouble: { atMs: 999, outcome: broken, retried: true }, why: 'unexplained' },
  { name: 'a retry long after it', trouble: { atMs: 21_200, outcome: broken, retried: true }, why: 'unexplained' },
  { name: 'a failure after a reload', trouble: { atMs: 1_500, outcome: broken, retried: false }, why: 'unexplained' },
  {
    name: 'a 502 after a reload',
    trouble: { atMs: 1_500, outcome: failedWith(502), retried: false },
    why: 'unexplained',
  },
  {
    name: 'a 502 at a kill',
    trouble: { atMs: 50_100, outcome: failedWith(502), retried: false },
    why: 'server killed',
  },
  { name: 'a broken one at a kill', trouble: { atMs: 50_100, outcome: broken, retried: false }, why: 'server killed' },
  { name: 'a 503 at a kill', trouble: { atMs: 50_100, outcome: failedWith(503), retried: false }, why: 'unexplained' },
  { name: 'a 500 at a kill', trouble: { atMs: 50_100, outcome: failedWith(500), retried: false }, why: 'unexplained' },
  { name: 'a 502 long after', trouble: { atMs: 52_100, outcome: failedWith(502), retried: false }, why: 'unexplained' },
  {
    name: 'a time-out at a kill',
    trouble: { atMs: 50_100, outcome: overdue, retried: false },
    why: 'unexplained',
  },
];

for (const { name, trouble, why } of cases) {
  test(`${name}: ${why}`, (t) => {
    t.is(explain(trouble, done), why);
  });
}

test('what happened is told in words', (t) => {
  t.is(describe(failedWith(503)), '503');
  t.is(describe(overdue), 'deadline');
  t.is(describe(broken), 'connection (closed, reused connection)');
});
