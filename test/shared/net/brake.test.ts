import test from 'ava';
import { Brake } from '../../../shared/net/brake.ts';

/** Connections that come this often and use this much CPU, in ms; gives what was slept. */
function arrive(count: number, everyMs: number, usesMs: number): { readonly nowMs: number; readonly slept: number[] } {
  const clock = { nowMs: 0, cpuMs: 0 };
  const slept: number[] = [];
  const brake = new Brake(
    () => clock.cpuMs,
    () => clock.nowMs,
    (ms) => {
      slept.push(ms);
      clock.nowMs += ms;
    },
  );
  for (let index = 0; index < count; index += 1) {
    clock.cpuMs += usesMs;
    clock.nowMs += everyMs;
    brake.connectionCame();
  }
  return { nowMs: clock.nowMs, slept };
}

test('a flood of connections uses a quarter of a core', (t) => {
  const { nowMs } = arrive(100_000, 0.05, 0.05);
  t.true(nowMs > 0.9 * 4 * 5_000, `${nowMs}`);
});

test('no sleep is longer than 20 ms, however much was used', (t) => {
  const { slept } = arrive(1_000, 5, 5);
  t.true(slept.length > 0);
  t.true(slept.every((ms) => ms <= 20));
});

test('connections as they usually come do not wait', (t) => {
  t.deepEqual(arrive(10_000, 100, 1).slept, []);
});
