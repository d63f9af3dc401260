import test from 'ava';
import { fullAllowance, settle, waitMs } from '../../../../testbed/rig/app/cpu-quota.ts';

const quota = { cores: 0.25, periodMs: 100 };

test('a fresh server may use what one period gives at once', (t) => {
  t.deepEqual(fullAllowance(quota, 1_000), { leftCpuMs: 25, atMs: 1_000 });
  t.is(waitMs(fullAllowance(quota, 1_000), quota), 0);
});

test('who used more than was there waits until the quota has given it', (t) => {
  // 25 - 30 = -5 CPU-ms; at a quarter of a core 20 ms, and 0.4 ms for the first tenth of a CPU-ms after it
  const spent = settle(fullAllowance(quota, 0), quota, 0, 30);
  t.is(spent.leftCpuMs, -5);
  t.is(waitMs(spent, quota), 20.4);
  t.is(waitMs(settle(spent, quota, 20.4, 0), quota), 0);
});

test('an idle server saves no more than one period gives', (t) => {
  t.is(settle(fullAllowance(quota, 0), quota, 60_000, 0).leftCpuMs, 25);
});

test('what was used during a wait longer than the period still counts', (t) => {
  // 25 left + 1,000 ms x 0.25 - 260 used
  t.is(settle(fullAllowance(quota, 0), quota, 1_000, 260).leftCpuMs, 15);
});
