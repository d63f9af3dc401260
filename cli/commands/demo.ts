import { Command, InvalidArgumentError } from 'commander';
import { exitCodes, ProblemError } from '../../shared/contract/problem.ts';
import { Stopped, stopOnSignal } from '../../shared/process/stop-signals.ts';
import type { Fleet } from '../../testbed/demo/fleet.ts';
import { introduction } from '../../testbed/demo/introduction.ts';
import { makePresenter } from '../../testbed/demo/presenter.ts';
import { renderReport } from '../../testbed/demo/report.ts';
import { runDemo } from '../../testbed/demo/run.ts';
import { type DemoSettings, defaultSettings, phaseSecondsBounds } from '../../testbed/demo/settings.ts';
import { haweightCommand } from '../../testbed/rig/programs.ts';
import { fail, printJson } from '../exit.ts';
import { wholeNumber } from '../options.ts';
import { policyOption } from '../policy-name.ts';

interface DemoFlags {
  readonly seconds: number;
  readonly seed: number;
  readonly policy: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  haweight demo
  haweight demo --seconds 20 --seed 7
  haweight demo --policy equal --json > result.json`;

const { least, default: usual, most } = phaseSecondsBounds;

export function demoCommand(): Command {
  return new Command('demo')
    .description('run a real HAProxy, four unequal servers and real load: first without the controller, then with it')
    .option('--seconds <n>', `length of each of the two phases in seconds, ${least} to ${most}`, parseSeconds, usual)
    .option(
      '--seed <n>',
      'seed of the random load, a whole number: the same seed gives the same load',
      wholeNumber(0),
      1,
    )
    .addOption(policyOption())
    .option('--json', 'print the result as JSON; progress goes to standard error')
    .addHelpText('after', examples)
    .action(async ({ seconds, seed, policy, json = false }: DemoFlags) => {
      await demo({ ...defaultSettings, phaseSeconds: seconds, seed, policy }, json);
    });
}

async function demo(settings: DemoSettings, json: boolean): Promise<void> {
  const progress = json ? process.stderr : process.stdout;
  const { say, show } = makePresenter(progress);
  using stop = stopOnSignal(progress);
  const onReady = ({ plan, socket }: Fleet) => say(introduction({ settings, plan, socket, haweight: haweightCommand }));
  try {
    const result = await runDemo({ settings, onReady, show, signal: stop.signal });
    if (json) printJson(result, 2);
    else say(['', ...renderReport(result)]);
  } catch (cause) {
    if (!(cause instanceof Stopped || cause instanceof ProblemError)) throw cause;
    process.exitCode = fail(cause.message, cause instanceof Stopped ? cause.exitCode : exitCodes.checkFailed);
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds >= least && seconds <= most) return seconds;
  throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
}
