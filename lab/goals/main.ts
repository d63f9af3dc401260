import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { ProblemError } from '../../shared/contract/problem.ts';
import { runProgram } from '../../shared/process/run-program.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { parseExperiment } from '../../testbed/simulator/parse-experiment.ts';
import type { RunSettings } from './cell.ts';
import { type Goal, goals } from './goals.ts';
import { Measured, Plan } from './measure.ts';
import { rankingTables } from './ranking.ts';
import { formatGoal, reportOf } from './report.ts';
import { runCells } from './run.ts';

interface Flags {
  readonly seeds: string;
  readonly goal?: string;
  readonly config: string;
  readonly ranking: boolean;
  readonly json: boolean;
}

const steadySeconds = 300;
const examples = `
Examples:
  npm run simulate:goals                        everything, some minutes
  npm run simulate:goals -- --goal G5,G6        two goals
  npm run simulate:goals -- --goal G5,G6 \\
    --config '{"policies":{"capacity":{"forgetting":0.25}}}'
                                                what another constant would change`;

const flags = new Command('simulate:goals')
  .description('check in the simulator that the policies meet their goals; exit code 1 if one is missed')
  .option('--seeds <count>', 'runs of each cell, with seeds 1 to COUNT; 1 to 1000', '5')
  .option('--goal <names>', 'only these goals, such as G1,G7, without the tables (default: all)')
  .option('--config <json>', "keys of the controller's configuration to try, as JSON", '{}')
  .option('--no-ranking', 'do not print the tables of docs/policies.md')
  .option('--json', 'print every figure of every goal as JSON', false)
  .addHelpText('after', examples)
  .parse()
  .opts<Flags>();

await runProgram('simulate:goals', () => run(flags));

async function run({ ranking, json, ...rest }: Flags): Promise<number> {
  const chosen = chosenGoals(rest.goal);
  const seeds = seedCount(rest.seeds);
  const settings: RunSettings = { steadySeconds, config: triedConfig(rest.config) };
  const withTables = ranking && rest.goal === undefined && !json;
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

function chosenGoals(names: string | undefined): readonly Goal[] {
  if (names === undefined) return goals;
  return names.split(',').map((name) => {
    const goal = goals.find((each) => each.name === name.trim().toUpperCase());
    if (goal === undefined) throw usage('--goal', goals.map((each) => each.name).join(', '), name);
    return goal;
  });
}

function seedCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000) throw usage('--seeds', 'a whole number, 1 to 1000', text);
  return count;
}

function triedConfig(text: string): Readonly<Record<string, unknown>> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw usage('--config', 'JSON such as {"guard":{"floor":0.01}}', text);
  }
  const contender = { kind: 'policy', policy: 'capacity', config };
  const parsed = parseExperiment({ fleet: 'het', load: 0.5, contender }, '--config').contender;
  return parsed.kind === 'policy' ? parsed.config : {};
}

function usage(where: string, expected: string, got: string): ProblemError {
  return new ProblemError({ code: 'usage', where, what: 'cannot be used', expected, got: `"${got}"` });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
