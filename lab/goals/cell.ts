import { policyNames } from '../../shared/contract/policy-names.ts';
import { ticksToConverge } from '../../testbed/simulator/convergence.ts';
import { type FleetName, fleets } from '../../testbed/simulator/fleets.ts';
import { failedShare, type SimulationResult, sharesOf } from '../../testbed/simulator/result.ts';
import { rivalNames } from '../../testbed/simulator/rivals/names.ts';
import { scenarios } from '../../testbed/simulator/scenarios.ts';
import { type Balance, type Contender, type Experiment, experimentSchema } from '../../testbed/simulator/schema.ts';
import { type LimitsName, withLimits } from './limits.ts';

/** Who sets the weights, by a short name: a policy of the controller, or weights without one; or another balancer. */
export type ContenderName = 'none' | 'oracle' | 'static' | 'equal-weights' | `policy:${string}` | `rival:${string}`;

/** One combination that is measured, with every seed. */
export interface Cell {
  readonly fleet: FleetName;
  /** Mean work of a request, in ms of a core. */
  readonly demandMs: number;
  /** A name of `scenarios`. */
  readonly scenario: string;
  readonly balance: Balance;
  readonly contender: ContenderName;
  /** Default: 1. */
  readonly haproxys?: number;
  /** Whether HAProxy retries and observes connections itself; default: no. */
  readonly fastPath?: boolean;
  /** Default: none. */
  readonly limits?: LimitsName;
}

/** The figures of one run that goals use; null where the run has no such figure. */
export interface Figures {
  readonly meanMs: number | null;
  readonly p99Ms: number | null;
  /** The same where every failure counts with the time-out. */
  readonly chargedMeanMs: number | null;
  readonly chargedP99Ms: number | null;
  /** Shares of all requests, 0 to 1. */
  readonly withinSecond: number | null;
  readonly failed: number | null;
  /** Largest utilisation of a server / mean of the servers. */
  readonly maxOverMean: number | null;
  /** Sum over the servers of how far their shares move in a tick; the mean over the ticks. */
  readonly movement: number | null;
  /** Of servers of one size: how far the furthest share is from the mean of the shares, over that mean, at any tick. */
  readonly furthestShare: number | null;
  /** From the start, or from the scenario's first event; how the weights move afterwards is `movement`. */
  readonly ticksToConverge: number | null;
  /** Ticks that left every server that is up with weight 0. */
  readonly allZeroTicks: number | null;
}

export type FigureName = keyof Figures;

export function cellName(cell: Cell): string {
  const { fleet, demandMs, scenario, balance, contender, haproxys = 1, fastPath = false, limits } = cell;
  const many = haproxys === 1 ? '' : ` x${haproxys}`;
  const retries = fastPath ? ' with retries' : '';
  const limited = limits === undefined ? '' : ` ${limits}`;
  return `${fleet} ${demandMs} ms ${scenario} ${contender.replace('policy:', '')}+${balance}${many}${retries}${limited}`;
}

const contenders: Readonly<Record<string, Contender>> = {
  none: { kind: 'static', weights: 'configured' },
  oracle: { kind: 'oracle' },
  static: { kind: 'static', weights: 'capacity' },
  'equal-weights': { kind: 'static', weights: 'equal' },
};

/** What every run of a measurement shares. */
export interface RunSettings {
  /**
   * Length of the scenarios of constant load. At 95 % a minute of 100 ms requests is mostly luck: queues there last for
   * many seconds.
   */
  readonly steadySeconds: number;
  /** Default: the scenario's. */
  readonly warmupSeconds?: number;
  /** Keys of the controller's configuration, to try other constants with. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export function experimentOf(
  cell: Cell,
  seed: number,
  { steadySeconds, warmupSeconds, config = {} }: RunSettings,
): Experiment {
  const plan = scenarios.get(cell.scenario);
  if (plan === undefined) throw new Error(`no scenario ${cell.scenario}`);
  const { fleet: fleetName, demandMs, balance, haproxys, fastPath = false, limits } = cell;
  const fleet = fleets[fleetName];
  return experimentSchema.parse({
    fleet,
    demandMs,
    balance,
    fastPath,
    seed,
    ...withLimits(contenderOf(cell, config), limits),
    ...plan(fleet),
    ...(haproxys === undefined ? {} : { haproxys }),
    ...(cell.scenario.startsWith('steady') ? { seconds: steadySeconds } : {}),
    ...(warmupSeconds === undefined ? {} : { warmupSeconds }),
  });
}

function contenderOf({ contender }: Cell, config: Readonly<Record<string, unknown>>): Contender {
  const fixed = contenders[contender];
  if (fixed !== undefined) return fixed;
  const rival = rivalNames.find((each) => contender === `rival:${each}`);
  if (rival !== undefined) return { kind: 'rival', rival };
  const name = contender.replace('policy:', '');
  const policy = policyNames.find((each) => each === name);
  if (policy === undefined) throw new RangeError(`no contender ${contender}`);
  return { kind: 'policy', policy, config: { ...config } };
}

export function figuresOf(result: SimulationResult, { scenario }: Experiment): Figures {
  const { meanMs, p99Ms, charged, withinSecond, maxOverMean, shareMovement, allZeroTicks, samples } = result;
  const [event] = scenario.events;
  return {
    meanMs,
    p99Ms,
    chargedMeanMs: charged?.meanMs ?? null,
    chargedP99Ms: charged?.p99Ms ?? null,
    withinSecond,
    failed: failedShare(result),
    maxOverMean,
    movement: shareMovement.mean,
    furthestShare: furthestShare(samples),
    ticksToConverge: ticksToConverge(samples, event?.fromSeconds ?? 0),
    allZeroTicks,
  };
}

function furthestShare(samples: SimulationResult['samples']): number | null {
  const measured = samples.filter(({ atSeconds }) => atSeconds >= 0);
  const distances = measured.flatMap((sample) =>
    sharesOf(sample).map((share) => Math.abs(share * sample.up.length - 1)),
  );
  return distances.length === 0 ? null : Math.max(...distances);
}
