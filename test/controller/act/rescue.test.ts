import test from 'ava';
import { type Baseline, rescueDrained } from '../../../controller/act/rescue.ts';
import type { StatRow } from '../../../haproxy/runtime-api.ts';

interface Sketch {
  readonly weight?: number;
  readonly status?: string;
  readonly done?: number;
  readonly errors?: number;
  readonly retries?: number;
}

function row(name: string, { weight = 200, status = 'UP', done = 50, errors = 0, retries = 0 }: Sketch = {}): StatRow {
  return {
    ...{
      backend: 'web',
      name,
      kind: 'server',
      status,
      algorithm: null,
      mode: 'http',
      isBackup: false,
      agentCheck: false,
    },
    ...{ weight, effectiveWeight: weight, currentSessions: 0, queued: 0, totalSessions: done + errors },
    ...{ responses1xx: 0, responses2xx: done, responses3xx: 0, responses4xx: 0, responses5xx: 0 },
    ...{ connectionErrors: errors, responseErrors: 0, retries, redispatches: 0, throttlePercent: null, upForMs: 1_000 },
  };
}

const drained = new Map([['s1', 70]]);
const s1 = row('s1', { weight: 0 });
const back = [{ server: 's1', weight: 70 }];
const changesOf = (rows: readonly StatRow[], before: Baseline | null = null) =>
  rescueDrained(rows, before, drained).changes;

test('a drained server that is the last one up gets its configured weight', (t) => {
  t.deepEqual(changesOf([s1, row('s2', { status: 'DOWN' })]), back);
  t.deepEqual(changesOf([row('s1', { weight: 0, status: 'no check' }), row('s2', { status: 'DOWN' })]), back);
});

test('a server that an operator took out does not count as one that could answer', (t) => {
  for (const status of ['MAINT', 'DRAIN']) {
    t.deepEqual(changesOf([s1, row('s2', { status })]), back);
    t.deepEqual(changesOf([row('s1', { weight: 0, status }), row('s2', { weight: 0, status: 'DOWN' })]), []);
  }
});

test('a backup server does not keep a drained one from being rescued', (t) => {
  t.deepEqual(changesOf([s1, row('s2', { status: 'DOWN' }), { ...row('spare'), isBackup: true }]), back);
});

test('nothing to do while any other server can take requests, or none is up at all', (t) => {
  t.deepEqual(changesOf([s1, row('s2', { weight: 1 })]), []);
  t.deepEqual(changesOf([s1, row('s2', { status: 'UP 1/3' }), row('s3', { status: 'DOWN' })]), []);
  t.deepEqual(changesOf([row('s1', { weight: 0, status: 'DOWN' }), row('s2', { status: 'DOWN' })]), []);
});

test('a weight 0 that is not ours is not touched', (t) => {
  t.deepEqual(changesOf([row('s2', { weight: 0 })]), []);
});

test('every other server fails and none answers: the drained one is back before HAProxy has found out', (t) => {
  const { baseline, changes } = rescueDrained([s1, row('s2'), row('s3')], null, drained);
  t.deepEqual(changes, [], 'nothing is known at the first read');
  const one = rescueDrained([s1, row('s2', { retries: 1 }), row('s3')], baseline, drained);
  t.deepEqual(one.changes, [], 's3 had no request yet');
  const both = [s1, row('s2', { retries: 5 }), row('s3', { errors: 1 })];
  t.deepEqual(changesOf(both, one.baseline), back);
});

test('errors among answers are no outage, nor is silence', (t) => {
  const before = rescueDrained([s1, row('s2'), row('s3')], null, drained).baseline;
  t.deepEqual(changesOf([s1, row('s2', { errors: 9, done: 51 }), row('s3', { errors: 9 })], before), []);
  t.deepEqual(changesOf([s1, row('s2'), row('s3')], before), []);
  const after = rescueDrained([s1, row('s2', { done: 51 }), row('s3', { errors: 9 })], before, drained).baseline;
  t.deepEqual(
    changesOf([s1, row('s2', { done: 51, errors: 1 }), row('s3', { errors: 9 })], after),
    [],
    'counted anew since then',
  );
});

test('counters that went back, or other servers, begin a new count', (t) => {
  const before = rescueDrained([s1, row('s2', { errors: 7 }), row('s3', { errors: 7 })], null, drained).baseline;
  const reloaded = rescueDrained([s1, row('s2', { errors: 1 }), row('s3', { errors: 1 })], before, drained);
  t.deepEqual(reloaded.changes, []);
  t.deepEqual(changesOf([s1, row('s2', { errors: 8 })], before), []);
  t.deepEqual(changesOf([s1, row('s2', { errors: 2 }), row('s3', { errors: 2 })], reloaded.baseline), back);
});
