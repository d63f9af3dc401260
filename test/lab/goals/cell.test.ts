import test from 'ava';
import { type Cell, cellName, experimentOf } from '../../../lab/goals/cell.ts';

const cell: Cell = { fleet: 'het', demandMs: 20, scenario: 'steady-70', balance: 'roundrobin', contender: 'none' };
const lengths = { steadySeconds: 30 };

test('a cell of a rival has it as its contender, and a warm-up may be longer than its scenario says', (t) => {
  const { contender, warmupSeconds, seconds } = experimentOf({ ...cell, contender: 'rival:peak-ewma' }, 1, {
    ...lengths,
    warmupSeconds: 60,
  });
  t.deepEqual(contender, { kind: 'rival', rival: 'peak-ewma' });
  t.deepEqual([warmupSeconds, seconds], [60, 30]);
  t.is(experimentOf(cell, 1, lengths).warmupSeconds, 20);
  t.throws(() => experimentOf({ ...cell, contender: 'rival:nobody' }, 1, lengths), { message: /no contender/ });
});

test("learned limits are the controller's own, where haproxy.cfg scales them", (t) => {
  const limited: Cell = { ...cell, contender: 'policy:adaptive', limits: 'learned' };
  const experiment = experimentOf(limited, 1, lengths);
  t.deepEqual(experiment.contender, { kind: 'policy', policy: 'adaptive', config: { limits: 'on' } });
  t.deepEqual([experiment.maxconn, experiment.minconn, experiment.fullconn], [10_000, 2, 10_000]);
  t.not(cellName(limited), cellName({ ...cell, contender: 'policy:adaptive' }));
  t.throws(() => experimentOf({ ...cell, limits: 'learned' }, 1, lengths), { instanceOf: RangeError });
  t.throws(() => experimentOf({ ...cell, contender: 'rival:prequal', limits: 'bound-0.1' }, 1, lengths), {
    instanceOf: RangeError,
  });
});
