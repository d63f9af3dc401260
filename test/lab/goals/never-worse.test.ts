import { availableParallelism } from 'node:os';
import test from 'ava';
import type { Goal } from '../../../lab/goals/goal.ts';
import { shortfall } from '../../../lab/goals/goal.ts';
import { Measured, Plan } from '../../../lab/goals/measure.ts';
import { neverWorse } from '../../../lab/goals/never-worse.ts';
import { promises } from '../../../lab/goals/promises.ts';
import { formatGoal, reportOf } from '../../../lab/goals/report.ts';
import { runCells } from '../../../lab/goals/run.ts';
import { defaultPolicy } from '../../../shared/contract/policy-names.ts';

/*
 * The short form of `npm run simulate:goals -- --only never-worse` and of the promises: two seeds and less constant load. So few
 * runs miss a bound by chance now and then; what makes a bad day worse misses by more than this.
 */
const slack = { ratio: 0.07, percent: 0.25, ticks: 0.5 } as const;

const kept = [
  ...['sheds', 'common-404s', 'outage-partly', 'rolling', 'ram-at-rest', 'threads-standing', 'slow-download', 'blind'],
  ...['trickle', 'heavier-mix', 'night', 'stuck-disk-30-disk', 'noisy-large', 'steady-50-pair'],
].map((scenario) => `never-worse/${scenario}`);
const keptPromises = ['refusals', 'blind', 'trickle', 'overload', 'rolling', 'breaker', 'equal', 'unequal'];

const goals: readonly Goal[] = [
  ...neverWorse(defaultPolicy).filter(({ name }) => kept.includes(name)),
  ...promises(defaultPolicy).filter(({ name }) => keptPromises.includes(name)),
];

let measured = new Measured(new Map());

test.before(async () => {
  const plan = new Plan();
  for (const goal of goals) goal.findings(plan);
  measured = new Measured(await runCells(plan.cells, { seeds: 2, threads: availableParallelism(), steadySeconds: 60 }));
});

test('every goal of the short form exists', (t) => {
  t.is(goals.length, kept.length + keptPromises.length);
});

for (const goal of goals) {
  test(`${defaultPolicy}, ${goal.name}: ${goal.text}`, (t) => {
    const report = reportOf(goal, measured);
    const findings = report.findings.filter((finding) => !(shortfall(finding) <= slack[finding.unit]));
    t.deepEqual(findings, [], formatGoal({ ...report, findings }));
  });
}
