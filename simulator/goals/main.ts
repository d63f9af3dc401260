import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { goals } from './goals.ts';
import { Measured, Plan } from './measure.ts';
import { rankingTables } from './ranking.ts';
import { formatGoal, reportOf } from './report.ts';
import { runCells } from './run.ts';

interface Flags {
  readonly seeds: string;
  readonly goal?: string;
  readonly ranking: boolean;
  readonly json: boolean;
}

const flags = new Command('simulate:goals')
  .description('hold the policies to their goals in the simulator; exit 1 where one is missed')
  .option('--seeds <count>', 'runs of each cell, with seeds 1 to COUNT', '5')
  .option('--goal <names>', 'only these, such as G1,G7; without the tables')
  .option('--no-ranking', 'without the tables of docs/policies.md')
  .option('--json', 'every figure of every goal', false)
  .parse()
  .opts<Flags>();

const print = (text: string) => process.stdout.write(`${text}\n`);
const wanted = flags.goal?.split(',');
const chosen = goals.filter(({ name }) => wanted === undefined || wanted.includes(name));
const seeds = Number(flags.seeds);
if (chosen.length === 0 || !Number.isInteger(seeds) || seeds < 1) {
  print(`--goal takes ${goals.map(({ name }) => name).join(', ')}; --seeds a whole number from 1 on`);
  process.exit(2);
}

const withTables = flags.ranking && wanted === undefined && !flags.json;
const plan = new Plan();
for (const goal of chosen) goal.findings(plan);
if (withTables) rankingTables(plan);

const startedMs = performance.now();
const threads = availableParallelism();
const runs = await runCells(plan.cells, { seeds, threads, steadySeconds: 300, onProgress: showProgress });
const measured = new Measured(runs);
const reports = chosen.map((goal) => reportOf(goal, measured));

if (flags.json) print(JSON.stringify(reports, null, 2));
else {
  for (const report of reports) print(formatGoal(report));
  const met = reports.filter((report) => report.met).length;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  const what = `${plan.cells.size} cells, seeds 1 to ${seeds}, ${threads} threads, ${seconds} s`;
  print(`\n${met} of ${reports.length} goals met: ${what}`);
  if (withTables) print(`\n${rankingTables(measured)}`);
}
process.exitCode = reports.every(({ met }) => met) ? 0 : 1;

function showProgress(done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(done === all ? '\r\u001b[K' : `\r${Math.floor((done / all) * 100)} % of ${all} runs`);
}
