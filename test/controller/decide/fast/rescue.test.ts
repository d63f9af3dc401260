import test from 'ava';
import type { LookRow } from '../../../../controller/decide/fast/look-row.ts';
import { type Baseline, nobodyAnswers } from '../../../../controller/decide/fast/rescue.ts';

function row(server: string, changes: Partial<LookRow> = {}): LookRow {
  return {
    ...{ server, status: 'up', isBackup: false, weight: 200, inFlight: 0, queued: 0, limit: null },
    ...{ ok: 50, errors: 0, clientErrors: 0, retries: 0, redispatches: 0, started: 50 },
    ...changes,
  };
}

const s1 = row('s1', { weight: 0 });
const isOutage = (rows: readonly LookRow[], before: Baseline | null = null) => nobodyAnswers(rows, before).isOutage;

test('no other server is up', (t) => {
  t.true(isOutage([s1, row('s2', { status: 'down' })]));
  t.true(isOutage([s1, row('s2', { status: 'away' })]), 'an operator took it out');
  t.true(
    isOutage([s1, row('s2', { status: 'down' }), row('spare', { isBackup: true })]),
    'a backup server does not count',
  );
  t.false(isOutage([s1, row('s2', { weight: 1 })]));
});

test('every other server fails and none answers: it is known before HAProxy has found out', (t) => {
  const first = nobodyAnswers([s1, row('s2'), row('s3')], null);
  t.false(first.isOutage, 'nothing is known at the first look');
  const one = nobodyAnswers([s1, row('s2', { redispatches: 1 }), row('s3')], first.baseline);
  t.false(one.isOutage, 's3 had no request yet');
  t.true(isOutage([s1, row('s2', { retries: 5 }), row('s3', { errors: 1 })], one.baseline));
});

test('errors among answers are no outage, nor is silence', (t) => {
  const { baseline } = nobodyAnswers([s1, row('s2'), row('s3')], null);
  t.false(isOutage([s1, row('s2', { errors: 9, ok: 51 }), row('s3', { errors: 9 })], baseline));
  t.false(isOutage([s1, row('s2'), row('s3')], baseline));
  const after = nobodyAnswers([s1, row('s2', { ok: 51 }), row('s3', { errors: 9 })], baseline);
  t.false(
    isOutage([s1, row('s2', { ok: 51, errors: 1 }), row('s3', { errors: 9 })], after.baseline),
    'counted anew since then',
  );
});

test('counters that went back, or other servers, begin a new count', (t) => {
  const { baseline } = nobodyAnswers([s1, row('s2', { errors: 7 }), row('s3', { errors: 7 })], null);
  const reloaded = nobodyAnswers([s1, row('s2', { errors: 1 }), row('s3', { errors: 1 })], baseline);
  t.false(reloaded.isOutage);
  t.false(isOutage([s1, row('s2', { errors: 8 })], baseline));
  t.true(isOutage([s1, row('s2', { errors: 2 }), row('s3', { errors: 2 })], reloaded.baseline));
});
