import test from 'ava';
import type { BackendRow, LookRow } from '../../../controller/decide/fast/look-row.ts';
import { FastLane } from '../../../controller/loop/fast-lane.ts';
import { order } from '../decide/limits/support.ts';

const names = ['a', 'b', 'c'];
const [fullconn, most, lookMs] = [10_000, 3_667, 200];
const [perLook, wellLooks] = [20, 10];
const backend: BackendRow = { waiting: 0, gaveUp: 0 };

function rowOf(server: string, ok: number, errors: number): LookRow {
  const counts = { ok, errors, clientErrors: 0, retries: 0, redispatches: 0, started: ok + errors };
  return { ...counts, server, status: 'up', isBackup: false, weight: 100, inFlight: 1, queued: 0, limit: most };
}

/** Looks at three servers that answer 20 each, with limits that scale. In the last ones `a` may fail. */
function looksAt(failingLooks: number) {
  let nowMs = 0;
  const lane = new FastLane({ ejectMs: 1_000, maxDrainedShare: 0.5 }, () => nowMs);
  const ordered = { ...order, limit: { most, fullconn, configured: fullconn } };
  lane.decided(
    new Map(names.map((name) => [name, { ...ordered, machine: name }])),
    new Map(names.map((name) => [name, 100])),
    new Set(),
  );
  lane.limits.decided(new Map(names.map((name) => [name, most])));
  const errors = (name: string, look: number) => (name === 'a' ? perLook * Math.max(0, look - wellLooks) : 0);
  return Array.from({ length: wellLooks + failingLooks }, (_, index) => {
    const look = index + 1;
    nowMs += lookMs;
    const rows = names.map((name) => rowOf(name, perLook * look - errors(name, look), errors(name, look)));
    return lane.look(rows, backend);
  });
}

test('the first look at errors of a server opens the limits of all', (t) => {
  const looks = looksAt(5);
  const all = names.map((server) => ({ server, limit: fullconn }));
  t.is(
    looks.findIndex(({ limits }) => limits.changes.length > 0),
    wellLooks,
  );
  t.deepEqual(looks[wellLooks]?.limits.changes, all);
  t.true(looks.some(({ opened }) => opened.includes('a')));
});

test('where none fails, limits stay', (t) => {
  t.true(looksAt(0).every(({ opened, limits }) => opened.length === 0 && limits.changes.length === 0));
});
