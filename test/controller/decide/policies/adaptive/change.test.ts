import test from 'ava';
import { addToRuns, changeOf, noRuns, shifted } from '../../../../../controller/decide/policies/adaptive/change.ts';
import { normal, seededRandom } from '../../../../../shared/math/random.ts';

const estimate = { log: 0, variance: 0.0025 };
const after = (logs: readonly number[], variance: number) => {
  return logs.reduce((runs, log) => addToRuns(runs, estimate, { log, variance }), noRuns);
};

test('a halved speed is found at once with 140 requests a tick, in four ticks with 34', (t) => {
  const half = Math.log(0.5);
  t.not(changeOf(after([half], 2.25 / 140), 0), null);
  t.is(changeOf(after([half], 2.25 / 34), 0), null);
  const found = changeOf(after([half, half, half, half], 2.25 / 34), 0);
  t.true(Math.abs((found?.log ?? 0) - half) < 1e-9);
  t.true(Math.abs((found?.variance ?? 0) - 2.25 / 34 / 4) < 1e-9);
});

test('a doubled speed is found too', (t) => {
  t.true((changeOf(after([Math.log(2)], 2.25 / 140), 0)?.log ?? 0) > 0.69);
});

test('what began by chance is forgotten once nothing speaks for it', (t) => {
  t.deepEqual(after([0.4, 0, 0, 0], 2.25 / 140), noRuns);
});

test('doubt asks for more evidence', (t) => {
  const runs = after([Math.log(0.5)], 2.25 / 140);
  t.not(changeOf(runs, 0), null);
  t.is(changeOf(runs, 12), null);
});

test('chance is a change less than once in two thousand measurements', (t) => {
  const random = seededRandom(1);
  let runs = noRuns;
  let changes = 0;
  for (let tick = 0; tick < 20_000; tick += 1) {
    const variance = 2.25 / 100;
    runs = addToRuns(runs, estimate, { log: Math.sqrt(variance + estimate.variance) * normal(random), variance });
    if (changeOf(runs, 0) === null) continue;
    changes += 1;
    runs = noRuns;
  }
  t.true(changes <= 10, `${changes}`);
});

test('measured from another centre, the change is the same', (t) => {
  const half = Math.log(0.5);
  const moved = changeOf(shifted(after([half], 2.25 / 140), 0.1), 0);
  t.true(Math.abs((moved?.log ?? 0) - (half - 0.1)) < 1e-9);
});
