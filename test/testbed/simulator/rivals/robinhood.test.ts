import test from 'ava';
import { fleets } from '../../../../testbed/simulator/fleets.ts';
import { Pid, RobinhoodService } from '../../../../testbed/simulator/rivals/robinhood.ts';
import { run } from '../build.ts';

test('the controller adds up the error, its sum and its slope', (t) => {
  const pid = new Pid();
  t.is(pid.next(0.5).toFixed(6), (0.6 * 0.5 + 0.02 * 0.5).toFixed(6));
  t.is(pid.next(0.25).toFixed(6), (0.6 * 0.25 + 0.02 * 0.75 + 0.1 * -0.25).toFixed(6));
  for (let time = 0; time < 100; time += 1) pid.next(1);
  t.is(pid.next(1).toFixed(6), (0.6 + 0.02 * 2).toFixed(6), 'the sum ends at 2');
});

test('servers whose utilisation is their share of the work over their size come to equal utilisations', (t) => {
  const sizes = [1, 2, 2, 4, 4];
  const service = new RobinhoodService(sizes.length);
  const utilisations = () => {
    const total = service.weights.reduce((sum, weight) => sum + weight, 0);
    return sizes.map((size, index) => (0.3 * 13 * (service.weights[index] ?? 0)) / total / size);
  };
  for (let decision = 0; decision < 40; decision += 1) service.decide(utilisations());
  for (const each of utilisations()) t.true(Math.abs(each / 0.3 - 1) < 0.02, `${utilisations()}`);
});

test('a server without a report keeps its weight beside the others', (t) => {
  const service = new RobinhoodService(3);
  service.decide([0.4, 0.2, null]);
  const [busy = 0, idle = 0, silent = 0] = service.weights;
  // errors of a third: 0.62 of them on the first decision
  t.is((busy / silent).toFixed(6), (1 - 0.62 / 3).toFixed(6));
  t.is((idle / silent).toFixed(6), (1 + 0.62 / 3).toFixed(6));
});

test('no server ends without a weight', (t) => {
  const service = new RobinhoodService(2);
  for (let decision = 0; decision < 100; decision += 1) service.decide([0.9, 0.1]);
  t.is(service.weights[0], 0.01);
});

test('unequal servers come from equal weights to within 5 % of equal utilisation, as published for its users', async (t) => {
  const changes = { fleet: fleets.het, contender: { kind: 'rival', rival: 'robinhood' }, warmupSeconds: 60 } as const;
  const { maxOverMean } = await run({ ...changes, seconds: 60 });
  t.true((maxOverMean ?? 2) < 1.05, `${maxOverMean}`);
  const { maxOverMean: without } = await run({ ...changes, contender: { kind: 'static', weights: 'equal' } });
  t.true((without ?? 0) > 1.2, `${without}`);
});
