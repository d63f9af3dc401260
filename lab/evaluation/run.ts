import { calibrate } from './calibrate.ts';
import { startFleet } from './fleet.ts';
import { type Block, matrices, seedOf } from './matrix.ts';
import type { CellProgress } from './progress.ts';
import type { Run } from './record.ts';
import { runCell } from './run-cell.ts';
import type { Scenario } from './scenarios.ts';
import type { Server, Servers } from './servers/server.ts';
import { Stack } from './stack.ts';
import type { Store } from './store.ts';

export interface RunOptions {
  readonly run: Run;
  /** What is to be measured. */
  readonly blocks: readonly Block[];
  readonly store: Store;
  /** Part of the names of everything that this run creates on the machine. */
  readonly name: string;
  readonly progress: CellProgress;
  readonly signal: AbortSignal;
}

/**
 * How long a controller has a steady load before anything counts, at first and after every fault, in ms: long enough for
 * `capacity` to learn, and for a drained server to return.
 */
const warmUpMs = { withController: 16_000, without: 3_000 };

/** Rejects with the reason of `signal` when it is aborted; cells measured until then are kept. */
export async function runMatrix(options: RunOptions): Promise<void> {
  try {
    await runBlocks(options);
  } catch (error) {
    // everything that was aborted fails in its own way; report the one reason
    options.signal.throwIfAborted();
    throw error;
  }
}

async function runBlocks(options: RunOptions): Promise<void> {
  const { run, signal } = options;
  const left = [...options.blocks];
  await using disposal = new AsyncDisposableStack();
  // if one fails, the others end before their servers are stopped
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const jobs = Math.min(run.jobs, left.length);
  const fleets: Servers[] = [];
  for (let job = 0; job < jobs; job += 1) {
    options.progress.say(`starting the servers of stack ${job + 1} of ${jobs}`);
    fleets.push(disposal.use(await startFleet(run, matrices[run.matrix].fleet, options.name, job, either)));
  }
  const capacities = await capacitiesOf(options, fleets, either);
  const work = async (servers: readonly Server[], job: number) => {
    try {
      for (let block = left.shift(); block !== undefined; block = left.shift()) {
        await runBlock(block, { ...options, signal: either }, servers, capacities, job);
      }
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const ends = await Promise.allSettled(fleets.map(({ list }, job) => work(list, job)));
  failed.signal.throwIfAborted();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Requests per second by server: measured at the first start and kept, so that an interrupted run goes on under the same load. */
async function capacitiesOf(
  { run, store, progress }: RunOptions,
  fleets: readonly Servers[],
  signal: AbortSignal,
): Promise<Run['capacities']> {
  if (Object.keys(run.capacities).length > 0) return run.capacities;
  progress.say('measuring what the servers of one stack can do while the others are idle');
  const alone = await calibrate(fleets.slice(0, 1), run.demandCpuMs, signal);
  progress.say('measuring what all servers can do at once');
  const capacities = await calibrate(fleets, run.demandCpuMs, signal);
  const capacityAlone = Object.values(alone).reduce((sum, capacity) => sum + capacity, 0);
  await store.writeRun({ ...run, capacities, capacityAlone });
  return capacities;
}

async function runBlock(
  { contender, repetition, scenarios }: Block,
  { run, store, progress, signal }: RunOptions,
  servers: readonly Server[],
  capacities: Run['capacities'],
  job: number,
): Promise<void> {
  await using stack = await Stack.start(contender, servers, `127.0.77.${job + 1}`, signal);
  const members = servers.map((server) => ({ ...server, capacity: capacities[server.name] ?? 0 }));
  const plan = { repetition, demandCpuMs: run.demandCpuMs, servers: members, signal };
  const durationMs = contender.weights === 'none' ? warmUpMs.without : warmUpMs.withController;
  const warmUp: Scenario = { name: 'steady-50', title: 'warm-up', durationMs, load: 0.5 };
  let isWarm = false;
  for (const scenario of scenarios) {
    const seed = seedOf(run.seed, scenario, repetition);
    const { waitMs } = scenario;
    // what is learned of other requests does not count
    if (waitMs !== undefined) await runCell(stack, { ...plan, scenario: { ...warmUp, waitMs }, seed });
    else if (!isWarm) await runCell(stack, { ...plan, scenario: warmUp, seed });
    progress.begin(job, `${contender.name} ${scenario.name} ${repetition}`);
    const cell = await runCell(stack, { ...plan, scenario, seed });
    await store.write(cell);
    progress.end(job, cell.discarded);
    // a fault's effect on the weights must be over before the next scenario
    isWarm = scenario.events === undefined && waitMs === undefined;
  }
}
