import { Command, Option } from 'commander';
import { Stopped, stopOnSignal } from '../../shared/process/stop-signals.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { bar } from '../../shared/terminal/text.ts';
import { fleetNames } from '../../testbed/simulator/fleets.ts';
import { balances } from '../../testbed/simulator/schema.ts';
import { fail, print, printJson } from '../exit.ts';
import { repeatedNames } from '../options.ts';
import { type Comparison, contenderNames, readComparison } from '../simulate/comparison.ts';
import { documentOf } from '../simulate/document.ts';
import type { SimulateFlags } from '../simulate/flags.ts';
import { type Measured, runAll } from '../simulate/run.ts';
import { renderComparison } from '../view/simulate.ts';
import { renderSamples } from '../view/simulate-samples.ts';

const examples = `
Runs the controller's real code with simulated clients, HAProxys and servers,
and the same requests for every policy. Scenarios (percent of the fleet's
capacity; the result says which server is hit, and when):
  steady, steady-30, -50, -70, -85, -95    the same load all the time
  flash-110, -120 ... -190                 bursts of 300 ms every 5 s
  crowd                                    10 s at 120 %
  step                                     60 %, then 95 %
  crash-1, -2, -3                          1, 2 or 3 servers crash for 5 s
  noisy                                    one server's capacity halves for 30 s
  hidden                                   the same; the CPU metric shows half
  frozen                                   one agent hangs; load from 35 to 80 %
  fails-fast                               one server answers 500 to everything
  errors                                   one server answers 500 to 30 %
  sheds                                    one server answers 429 to everything
  cold-start                               no warm-up
  outage                                   all answer 500 for 15 s
  outage-partly                            all answer 500 to 60 % for 15 s
  shared-slowdown                          all five times slower for 10 s
  common-404s                              all answer 404 to 20 %, always
  rolling                                  all restart, one after the other
  ram-at-rest                              two have 82 % of RAM in use, always
  threads-standing                         one has 90 % of its threads, always
  slow-download                            one has a full send buffer, always
  stuck-disk-30, -100 (--fleet disk)       one waits 30 or 100 times as long
  blind                                    three of five agents hang, one
                                           other server fails fast
  trickle                                  3 requests/s, one server fails fast
  overload-105, -120, -135, -150           a minute of more than all can do
  heavy-tail                               a few very heavy requests
  slow-requests                            requests of 2 s
  pauses                                   each stops for 0.8 s every 10 s
  heavier-mix                              requests heavier for 30 s
  night                                    3 minutes at 1 %, then 75 %
  standby                                  the second HAProxy takes over
  two-controllers                          two HAProxys for 15 minutes

Examples:
  haweight simulate
  haweight simulate --fleet 1,2,2,4,4 --load 85
  haweight simulate --fleet 1,2,2,4,4 --scenario noisy
  haweight simulate --fleet 8,8x0.6 --policy none,capacity --balance random
  haweight simulate --file my-fleet.yaml --json > result.json
  haweight simulate --policy capacity --balance roundrobin --samples`;

export function simulateCommand(): Command {
  const names = (flags: string, text: string) => new Option(flags, text).argParser(repeatedNames);
  return new Command('simulate')
    .description('compare policies on a simulated fleet')
    .option('-f, --file <file>', 'YAML or JSON file (docs/simulation.md); flags override it')
    .option(
      '--fleet <servers>',
      `${fleetNames.join(', ')}, or the CPU cores of each server, with their speed unless it is 1: 1,2,4x0.8 (default: het)`,
    )
    .option('--load <percent>', "load in percent of the fleet's capacity, 1 to 1000 (default: the scenario's)")
    .option('--rate <n>', 'load in requests per second, instead of --load')
    .option('--demand-ms <ms>', 'mean CPU time of a request, in ms on one core of speed 1 (default: 20)')
    .option('--scenario <name>', 'load and faults; see below (default: steady)')
    .addOption(
      names(
        '--policy <names>',
        `${contenderNames.join(', ')}; none: no controller, configured weights; static: weights fixed at the true capacities; oracle: weights that always follow them ` +
          '(default: none,adaptive,inverse-load,capacity,oracle)',
      ),
    )
    .addOption(names('--balance <names>', `${balances.join(', ')} (default: roundrobin,leastconn)`))
    .option('--haproxys <n>', 'HAProxys in front of the same servers, each with a controller, 1 to 100 (default: 1)')
    .option('--seconds <n>', "simulated time that is measured (default: the scenario's, mostly 60)")
    .option('--warmup-seconds <n>', "simulated time before that, not measured (default: the scenario's, mostly 20)")
    .option(
      '--seeds <n>',
      'runs of each combination, each with other requests, 1 to 1000; the table shows medians (default: 3)',
    )
    .option('--seed <n>', 'seed of the first run, a whole number: the same seed gives the same result (default: 1)')
    .option('--samples', 'show weights and utilisations at every tick of the first run')
    .option('--json', 'print all results as JSON; with --samples also every tick')
    .addHelpText('after', examples)
    .action(async (flags: SimulateFlags) => {
      await compare(readComparison(flags), flags);
    });
}

async function compare(comparison: Comparison, { json = false, samples = false }: SimulateFlags): Promise<void> {
  const startMs = performance.now();
  const measured: Measured[] = [];
  const stopped = await measure(comparison, samples, measured);
  if (json) printJson(documentOf(comparison, measured), 2);
  else if (measured.length > 0) {
    if (samples) print(`${measured.map(renderSamples).join('\n\n')}\n`);
    print(renderComparison(comparison, measured, performance.now() - startMs));
  }
  if (stopped === null) return;
  const done = `${measured.length} of ${comparison.candidates.length} lines were measured`;
  process.exitCode = fail(`${stopped.message}: ${done}`, stopped.exitCode);
}

/** Fills `measured`. Returns the reason if it was stopped early, otherwise null. */
async function measure(comparison: Comparison, keepSamples: boolean, measured: Measured[]): Promise<Stopped | null> {
  using stop = stopOnSignal(process.stdout);
  using progress = new Progress(process.stderr, { inLog: false });
  try {
    const { signal } = stop;
    const onProgress = (done: number, { policy, balance }: Measured['candidate']) => {
      progress.show(`${progressBar(done)}  ${policy}, ${balance}`);
    };
    for await (const each of runAll(comparison, { onProgress, signal, keepSamples })) measured.push(each);
    return null;
  } catch (cause) {
    if (cause instanceof Stopped) return cause;
    throw cause;
  }
}

const barWidth = 30;

function progressBar(done: number): string {
  return `[${bar(done, barWidth)}] ${String(Math.floor(done * 100)).padStart(3)}%`;
}
