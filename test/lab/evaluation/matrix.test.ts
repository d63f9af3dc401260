import test from 'ava';
import { contenderNames, contenders } from '../../../lab/evaluation/contenders.ts';
import { blocksOf, matrices, seedOf } from '../../../lab/evaluation/matrix.ts';
import { fleets, matrixNames, scenarioNames, scenarios } from '../../../lab/evaluation/scenarios.ts';
import { quotaOf } from '../../../lab/evaluation/servers/quota.ts';

test('every matrix measures each cell as often as asked, and no repetition twice', (t) => {
  for (const name of matrixNames) {
    const { contenders, scenarios: run, repetitions } = matrices[name];
    const cells = blocksOf(name, repetitions).flatMap((block) =>
      block.scenarios.map((scenario) => `${block.contender.name} ${scenario.name} ${block.repetition}`),
    );
    t.is(new Set(cells).size, cells.length);
    t.is(cells.length, contenders.length * run.length * repetitions);
    t.true(contenders.length >= 6 && run.length >= 5);
  }
});

const unlimited = contenders.filter(({ limits }) => limits === 'none').map(({ name }) => name);

test('the full matrix has every contender without limits, three times, in alternating order', (t) => {
  const blocks = blocksOf('full', matrices.full.repetitions);
  const order = (repetition: number) =>
    blocks.filter((block) => block.repetition === repetition).map(({ contender }) => contender.name);
  t.deepEqual(order(1), unlimited);
  t.deepEqual(order(2), unlimited.toReversed());
  t.deepEqual(order(3), unlimited);
});

test('full and limits have every scenario, and limits have contenders of every kind', (t) => {
  const all = [...matrices.full.scenarios, ...matrices.limits.scenarios].map(({ name }) => name);
  t.deepEqual(
    scenarioNames.filter((name) => !all.includes(name)),
    [],
  );
  const kinds = new Set(matrices.limits.contenders.map(({ limits }) => `${limits}`));
  t.deepEqual([...kinds].toSorted(), ['1', '2', 'none', 'on']);
});

test('contenders are policies, algorithms without a controller, and an oracle', (t) => {
  t.is(unlimited.length, 23);
  t.is(contenderNames.length, 33);
  t.true(
    ['roundrobin', 'random', 'leastconn', 'paper+random', 'adaptive+leastconn'].every((name) =>
      contenderNames.some((one) => one === name),
    ),
  );
});

test('scenarios are those of the schema, and their seeds differ but not by contender', (t) => {
  t.deepEqual(
    scenarios.map(({ name }) => name),
    [...scenarioNames],
  );
  const seeds = scenarios.flatMap((scenario) => [1, 2, 3].map((repetition) => seedOf(1, scenario, repetition)));
  t.is(new Set(seeds).size, seeds.length);
});

test('both fleets have the same total size, and the kernel accepts their smallest quota', (t) => {
  const sum = (sizes: Readonly<Record<string, number>>) => Object.values(sizes).reduce((a, b) => a + b);
  t.true(Math.abs(sum(fleets.unequal) - 13) < 1e-9);
  t.true(Math.abs(sum(fleets.equal) - 13) < 1e-9);
  t.deepEqual(quotaOf(0.025), { quotaUs: 1_000, periodUs: 40_000 });
  t.throws(() => quotaOf(0.01), { message: /at least 0.025/ });
});
