import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { defaultPolicy, type PolicyName, policyNames } from '../../shared/contract/policy-names.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { runProgram } from '../../shared/process/run-program.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { parseExperiment } from '../../testbed/simulator/parse-experiment.ts';
import { allGoals } from './all-goals.ts';
import type { RunSettings } from './cell.ts';
import type { Goal } from './goal.ts';
import { Measured, Plan } from './measure.ts';
import { rankingTables } from './ranking.ts';
import { formatGoal, reportOf } from './report.ts';
import { runCells } from './run.ts';
import { seedCount } from './seed-count.ts';

interface Flags {
  readonly seeds: string;
  readonly policy: string;
  readonly only?: string;
  readonly config: string;
  readonly ranking: boolean;
  readonly json: boolean;
}

const steadySeconds = 300;
const examples = `
Examples:
  npm run simulate:goals                        everything, some minutes
  npm run simulate:goals -- --only G5,never-worse/rolling
                                                two goals
  npm run simulate:goals -- --only never-worse --policy capacity --seeds 2
                                                all of that name, of another policy
  npm run simulate:goals -- --only G5,G6 \\
    --config '{"policies":{"capacity":{"forgetting":0.25}}}'
                                                what another constant would change`;

const flags = new Command('simulate:goals')
  .description('check in the simulator that a policy meets the goals of the default one; exit code 1 if one is missed')
  .option('--seeds <count>', 'runs of each cell, with seeds 1 to COUNT; 1 to 1000', '5')
  .option('--policy <name>', policyNames.join(', '), defaultPolicy)
  .option('--only <names>', 'only these goals, such as G1,never-worse/rolling, without the tables (default: all)')
  .option('--config <json>', "keys of the controller's configuration to try, as JSON", '{}')
  .option('--no-ranking', 'do not print the tables of docs/policies.md')
  .option('--json', 'print every figure of every goal as JSON', false)
  .addHelpText('after', examples)
  .parse()
  .opts<Flags>();

await runProgram('simulate:goals', () => run(flags));

async function run({ ranking, json, ...rest }: Flags): Promise<number> {
  const policy = policyNamed(rest.policy);
  const chosen = chosenGoals(policy, rest.only);
  const seeds = seedCount(rest.seeds);
  const settings: RunSettings = { steadySeconds, config: triedConfig(policy, rest.config) };
  const withTables = ranking && rest.only === undefined && !json;
  const plan = new Plan();
  for (const goal of chosen) goal.findings(plan);
  if (withTables) rankingTables(plan);

  const startedMs = performance.now();
  const threads = availableParallelism();
  using progress = new Progress(process.stderr, { inLog: true });
  const onProgress = (done: number, all: number) => progress.show(`${Math.floor((done / all) * 100)} % of ${all} runs`);
  const runs = await runCells(plan.cells, { seeds, threads, onProgress, ...settings });
  progress.clear();
  const measured = new Measured(runs);
  const reports = chosen.map((goal) => reportOf(goal, measured));
  if (json) {
    print(JSON.stringify(reports, null, 2));
  } else {
    for (const report of reports) print(formatGoal(report));
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    const what = `${plan.cells.size} cells, seeds 1 to ${seeds}, ${threads} threads, took ${seconds} s`;
    print(`\n${reports.filter(({ met }) => met).length} of ${reports.length} goals met: ${what}`);
    if (withTables) print(`\n${rankingTables(measured)}`);
  }
  return reports.every(({ met }) => met) ? 0 : 1;
}

function policyNamed(text: string): PolicyName {
  const name = policyNames.find((each) => each === text);
  if (name === undefined) throw usage('--policy', `one of ${policyNames.join(', ')}`, text);
  return name;
}

/** `never-worse` is all of `never-worse/...`. */
function chosenGoals(policy: PolicyName, names: string | undefined): readonly Goal[] {
  const goals = allGoals(policy);
  if (names === undefined) return goals;
  return names.split(',').flatMap((text) => {
    const wanted = text.trim().toLowerCase();
    const found = goals.filter(({ name }) => name.toLowerCase() === wanted || name.startsWith(`${wanted}/`));
    if (found.length === 0) throw usage('--only', goals.map((each) => each.name).join(', '), text);
    return found;
  });
}

function triedConfig(policy: PolicyName, text: string): Readonly<Record<string, unknown>> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw usage('--config', 'JSON such as {"guard":{"floor":0.01}}', text);
  }
  const contender = { kind: 'policy', policy, config };
  const parsed = parseExperiment({ fleet: 'het', load: 0.5, contender }, '--config').contender;
  return parsed.kind === 'policy' ? parsed.config : {};
}

function usage(where: string, expected: string, got: string): ProblemError {
  return new ProblemError({ code: 'usage', where, what: 'cannot be used', expected, got: `"${got}"` });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
