import test from 'ava';
import { outcomeOf, problemAfter, type TickResult } from '../../../controller/loop/tick-result.ts';
import type { Problem } from '../../../shared/contract/problem.ts';

const problem = (code: Problem['code']): Problem => ({ code, where: 'web', what: 'wrong' });
const silent = problem('agent-stale');
const decisions: TickResult['decisions'] = [];
const useless = problem('backend-static');
const refused = problem('haproxy-timeout');
const contested = problem('weight-contested');

// result, its problem while enough agents answer, and while too few do, and its name in a recording
const table: readonly (readonly [TickResult, Problem | null, Problem, ReturnType<typeof outcomeOf>])[] = [
  [{ kind: 'written', decisions, count: 1, problem: null }, null, silent, 'written'],
  [{ kind: 'written', decisions, count: 1, problem: contested }, contested, silent, 'written'],
  [{ kind: 'refused', decisions, problem: refused }, refused, refused, 'refused'],
  [{ kind: 'useless', decisions, problem: useless }, useless, useless, 'refused'],
  [{ kind: 'dry-run', decisions, problem: null }, null, silent, 'dry-run'],
  [{ kind: 'dry-run', decisions, problem: useless }, useless, useless, 'dry-run'],
];

for (const [result, alone, withSilence, outcome] of table) {
  test(`${result.kind} with ${result.problem?.code ?? 'no problem'}: the most urgent problem is shown`, (t) => {
    t.is(problemAfter(result, null), alone);
    t.is(problemAfter(result, silent), withSilence);
    t.is(outcomeOf(result), outcome);
  });
}
