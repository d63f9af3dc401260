import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { ProblemError } from '../../shared/contract/problem.ts';
import { runProgram } from '../../shared/process/run-program.ts';
import { Stopped, stopOnSignal } from '../../shared/process/stop-signals.ts';
import { exitOnUsage, numberWithin } from '../support/flags.ts';
import { stacksFor } from './fleet.ts';
import { lockFolder } from './folder-lock.ts';
import { machineFacts } from './machine.ts';
import { blocksOf, matrices } from './matrix.ts';
import { CellProgress } from './progress.ts';
import type { Run } from './record.ts';
import { completenessText } from './report/tables/setting.ts';
import { writeReport } from './report/write.ts';
import { runMatrix } from './run.ts';
import { matrixNames } from './scenarios.ts';
import { hasEngine, removeLeftContainers } from './servers/containers.ts';
import { Store } from './store.ts';

interface Flags {
  readonly quick: boolean;
  readonly publication: boolean;
  readonly limits: boolean;
  readonly out?: string;
  readonly repeat?: number;
  readonly jobs?: number;
  readonly servers?: Run['servers'];
  readonly atOnce: number;
  readonly seed: number;
}

const help = `
Runs real HAProxys in front of real servers that have a CPU quota and burn
real CPU, under an open-loop Poisson load, with and without haweight, and
writes raw data, tables and figures. Cells that exist already are not measured
again: after an interruption, repeat the same command. Needs Docker, or the
right to make control groups; see docs/evaluation.md.
Exit codes: 0 complete, 1 cells had to be discarded, 2 it could not run.

Examples:
  npm run experiment -- --quick     a few minutes: a check on this machine
  npm run experiment                everything, three times; takes hours
  npm run experiment -- --publication
                                    on equal servers, as its claims need
  npm run experiment -- --limits --repeat 1
                                    with and without limits, ten minutes
  npm run experiment -- --quick --servers cgroups --out /tmp/quick
                                    without a container engine`;

const flags = exitOnUsage(new Command('experiment'))
  .description("the publication's evaluation on a real stack: all contenders in all scenarios")
  .option('--quick', 'run six contenders in five scenarios, once', false)
  .option('--publication', "run the publication's contenders and scenarios, on five equal servers", false)
  .option('--limits', 'run contenders with and without limits, also where requests wait or differ', false)
  .option('--out <folder>', 'folder of the results (default: results/full, results/quick ... by what is run)')
  .option(
    '--repeat <times>',
    'how often each cell is measured (default: 3, with --quick: 1)',
    numberWithin(1, 20, { whole: true }),
  )
  .option(
    '--jobs <stacks>',
    'stacks that run at the same time (default: as many as the CPU cores allow)',
    numberWithin(1, 64, { whole: true }),
  )
  .addOption(
    new Option(
      '--servers <kind>',
      'how servers get their quota (default: containers if an engine answers, else cgroups)',
    ).choices(['containers', 'cgroups']),
  )
  .option(
    '--at-once <requests>',
    'requests that share the CPU of a server; the others wait for their turn',
    numberWithin(1, 100, { whole: true }),
    1,
  )
  .option(
    '--seed <seed>',
    'seed of the random requests, 0 to 1,000,000',
    numberWithin(0, 1_000_000, { whole: true }),
    1,
  )
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

await runProgram('experiment', async () => {
  try {
    return await main(flags);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`experiment: ${error.message}; the same command goes on from here\n`);
    return error.exitCode;
  }
});

async function main({ out, repeat, jobs, servers, atOnce, seed, ...which }: Flags): Promise<number> {
  using stop = stopOnSignal(process.stdout);
  const matrix = matrixNames.find((name) => name !== 'full' && which[name]) ?? 'full';
  const store = new Store(resolve(out ?? `results/${matrix}`));
  await using _lock = await lockFolder(store.folder);
  const wanted: Run = {
    format: 1,
    startedAt: new Date().toISOString(),
    matrix,
    repetitions: repeat ?? matrices[matrix].repetitions,
    seed,
    jobs: jobs ?? stacksFor(availableParallelism()),
    servers: servers ?? ((await hasEngine()) ? 'containers' : 'cgroups'),
    ...machineFacts(),
    atOnce,
    demandCpuMs: 3,
    capacities: {},
    capacityAlone: null,
  };
  const run = await begun(store, wanted);
  const name = createHash('sha256').update(store.folder).digest('hex').slice(0, 8);
  if (run.servers === 'containers') await removeLeftContainers(name);
  const blocks = await store.missingOf(blocksOf(matrix, run.repetitions));
  using progress = new CellProgress(blocks.reduce((sum, { scenarios }) => sum + scenarios.length, 0));
  if (blocks.length > 0) await runMatrix({ run, blocks, store, name, progress, signal: stop.signal });
  progress.say('writing the report');
  const results = await writeReport(store.folder);
  progress[Symbol.dispose]();
  process.stdout.write(`${store.folder}/report: ${completenessText(results)}\n`);
  return results.missing === 0 && results.discarded.length === 0 ? 0 : 1;
}

/** The run that these results belong to: an earlier one with the same settings, else a new one. */
async function begun(store: Store, wanted: Run): Promise<Run> {
  const earlier = await store.readRun();
  if (earlier === null) {
    await store.writeRun(wanted);
    return wanted;
  }
  for (const key of ['matrix', 'repetitions', 'seed', 'jobs', 'servers', 'atOnce', 'demandCpuMs'] as const) {
    if (earlier[key] === wanted[key]) continue;
    throw new ProblemError({
      code: 'usage',
      where: `${store.folder}/run.json`,
      what: `these results have other settings: ${key}`,
      expected: `${earlier[key]}`,
      got: `${wanted[key]}`,
      fix: 'Continue with the earlier settings, or choose another folder with --out.',
    });
  }
  return earlier;
}
