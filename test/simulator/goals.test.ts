import { availableParallelism } from 'node:os';
import test from 'ava';
import { goals, shortfall } from '../../simulator/goals/goals.ts';
import { Measured, Plan } from '../../simulator/goals/measure.ts';
import { formatGoal, reportOf } from '../../simulator/goals/report.ts';
import { runCells } from '../../simulator/goals/run.ts';

/**
 * The short form of `npm run simulate:goals`: three seeds and a minute of constant load. So few runs miss a bound by luck
 * now and then; a broken law misses by more than this.
 */
const slack = 0.12;

let measured = new Measured(new Map());

test.before(async () => {
  const plan = new Plan();
  for (const goal of goals) goal.findings(plan);
  measured = new Measured(await runCells(plan.cells, { seeds: 3, threads: availableParallelism(), steadySeconds: 60 }));
});

for (const goal of goals) {
  test(`${goal.name}: ${goal.text}`, (t) => {
    const { findings, ...report } = reportOf(goal, measured);
    t.true(findings.length > 0);
    // a whole tick is more than the slack: of few ticks, one more is luck
    const far = findings.filter((finding) => {
      const allowed = finding.unit === 'ticks' && finding.bound > 0 ? 1 / finding.bound : slack;
      return !(shortfall(finding) <= allowed);
    });
    t.deepEqual(far, [], formatGoal({ ...report, findings: far }));
  });
}
