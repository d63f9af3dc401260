import { availableParallelism } from 'node:os';
import test from 'ava';
import { type Goal, shortfall } from '../../../lab/goals/goal.ts';
import { generalGoals } from '../../../lab/goals/goals.ts';
import { Measured, Plan } from '../../../lab/goals/measure.ts';
import { formatGoal, reportOf } from '../../../lab/goals/report.ts';
import { runCells } from '../../../lab/goals/run.ts';

/**
 * The short form of `npm run simulate:goals`: three seeds and two minutes of constant load. So few runs miss a bound by chance
 * now and then; a broken policy misses by more than this.
 */
const slack = 0.03;

async function measure(some: readonly Goal[], config: Readonly<Record<string, unknown>> = {}): Promise<Measured> {
  const plan = new Plan();
  for (const goal of some) goal.findings(plan);
  const threads = availableParallelism();
  return new Measured(await runCells(plan.cells, { seeds: 3, threads, steadySeconds: 120, config }));
}

/** The goal with the bounds that are missed by more than chance. */
function missesOf(goal: Goal, measured: Measured) {
  const report = reportOf(goal, measured);
  const findings = report.findings.filter((finding) => {
    // a whole tick is more than the slack: of few ticks, one more is chance
    const allowed = finding.unit === 'ticks' && finding.bound > 0 ? 1 / finding.bound : slack;
    return !(shortfall(finding) <= allowed);
  });
  return { ...report, findings };
}

/** What `inverse-load` is for: nearly equal servers, and never a backend without a weight. */
const ofInverseLoad = ['G11', 'G12'];

const goals = [
  ...generalGoals('capacity').filter(({ name }) => name !== 'G12'),
  ...generalGoals('inverse-load')
    .filter(({ name }) => ofInverseLoad.includes(name))
    .map((goal) => ({ ...goal, text: `inverse-load ${goal.text}` })),
];

let measured = new Measured(new Map());

test.before(async () => {
  measured = await measure(goals);
});

for (const goal of goals) {
  test(`${goal.name}: ${goal.text}`, (t) => {
    t.true(reportOf(goal, measured).findings.length > 0);
    const misses = missesOf(goal, measured);
    t.deepEqual(misses.findings, [], formatGoal(misses));
  });
}

const broken = [
  ['capacity without memory', { policies: { capacity: { forgetting: 1 } } }, ['G5']],
  ['capacity that never sees a change', { policies: { capacity: { forgetting: 0.01, jumpDeviations: 10 } } }, ['G6']],
  ['weights that are hardly ever written', { guard: { deadband: 0.5 } }, ['G4', 'G6']],
] as const;

for (const [what, config, names] of broken) {
  test(`the bounds detect a broken policy: ${what}`, async (t) => {
    const some = goals.filter(({ name }) => names.some((each) => each === name));
    const missed = await measure(some, config);
    for (const goal of some) t.true(missesOf(goal, missed).findings.length > 0, goal.name);
  });
}
