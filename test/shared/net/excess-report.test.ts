import test from 'ava';
import { type Excess, ExcessReport } from '../../../shared/net/excess-report.ts';
import { until } from '../../../testbed/rig/wait.ts';

test('a kind is told when it starts, and then as a sum', async (t) => {
  const told: Excess[] = [];
  using report = new ExcessReport((excess) => told.push(excess), 100);
  report.add('rate', 'a');
  t.deepEqual(told, [{ kind: 'rate', address: 'a', addresses: 1, count: 1 }]);
  report.add('rate', 'a');
  for (let index = 0; index < 1_000; index += 1) report.add('rate', 'b');
  report.add('slow', 'c');
  t.is(told.length, 2);
  await until('the sum', () => told.length === 3);
  t.deepEqual(told.at(-1), { kind: 'rate', address: 'b', addresses: 2, count: 1_001 });
  t.deepEqual(
    [...report.totals],
    [
      ['rate', 1_002],
      ['slow', 1],
    ],
  );
});

test('any number of addresses is told in one line', async (t) => {
  const told: Excess[] = [];
  using report = new ExcessReport((excess) => told.push(excess), 50);
  for (let index = 0; index < 100_000; index += 1) report.add('connections', `${index}`);
  await until('the sum', () => told.length === 2);
  t.is(told.at(-1)?.count, 99_999);
  t.is(told.at(-1)?.address, 'others');
});
