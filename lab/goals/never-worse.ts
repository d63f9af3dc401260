import type { PolicyName } from '../../shared/contract/policy-names.ts';
import type { FleetName } from '../../testbed/simulator/fleets.ts';
import { type Balance, balances } from '../../testbed/simulator/schema.ts';
import { type Cell, cellName } from './cell.ts';
import type { Finding, Goal } from './goal.ts';
import type { Measure } from './measure.ts';

/* A controller may be useless on a bad day, but must not be the reason for one. */

interface Row {
  readonly scenario: string;
  /** Default: `hom`. Equal weights are right there, so that anything a controller changes shows. */
  readonly fleet?: FleetName;
  /** More than the usual room of the p99; the means and failures have no exception. */
  readonly p99?: number;
}

const rows: readonly Row[] = [
  ...['steady-50', 'steady-70', 'steady-85', 'crash-1', 'crash-2', 'crash-3', 'noisy'].map((scenario) => ({
    scenario,
  })),
  ...['fails-fast', 'errors', 'sheds', 'common-404s', 'shared-slowdown'].map((scenario) => ({ scenario })),
  { scenario: 'outage', p99: 1.1 },
  { scenario: 'outage-partly', p99: 1.1 },
  ...['rolling', 'ram-at-rest', 'threads-standing', 'slow-download'].map((scenario) => ({ scenario })),
  ...['blind', 'trickle', 'heavy-tail', 'slow-requests', 'pauses'].map((scenario) => ({ scenario })),
  ...['heavier-mix', 'night', 'standby', 'two-controllers'].map((scenario) => ({ scenario })),
  ...['stuck-disk-30', 'stuck-disk-100', 'steady-70'].map((scenario) => ({ scenario, fleet: 'disk' as const })),
  ...['steady-70', 'rolling', 'outage'].map((scenario) => ({ scenario, fleet: 'tuned' as const })),
  { scenario: 'noisy', fleet: 'large' },
  { scenario: 'steady-50', fleet: 'pair' },
  ...['steady-50', 'steady-70', 'rolling', 'night'].map((scenario) => ({ scenario, fleet: 'single' as const })),
];

const mostMean = 1.03;
const mostP99 = 1.05;
/** Of all requests. */
const mostFailed = 0.001;
const mostFailedInOneRun = 0.01;

/** The policy against the configured weights without a controller, in each of these scenarios and under each algorithm. */
export function neverWorse(policy: PolicyName): readonly Goal[] {
  return rows.map(({ scenario, fleet = 'hom', p99 = mostP99 }) => {
    const text = `${policy} against no controller: mean <= ${mostMean}, p99 <= ${p99} times, failed <= + 0.1 points, in no run + 1`;
    const findings = (measure: Measure) =>
      balances.flatMap((balance) => worseBy(measure, { policy, balance, fleet, scenario, p99 }));
    return { name: `never-worse/${scenario}${fleet === 'hom' ? '' : `-${fleet}`}`, text, findings };
  });
}

interface Case {
  readonly policy: PolicyName;
  readonly balance: Balance;
  readonly fleet: FleetName;
  readonly scenario: string;
  readonly p99: number;
}

function worseBy(measure: Measure, { policy, balance, fleet, scenario, p99 }: Case): Finding[] {
  const cell: Cell = { fleet, demandMs: 20, scenario, balance, contender: `policy:${policy}` };
  const none: Cell = { ...cell, contender: 'none' };
  const shared = { where: cellName(cell), by: 'at most' } as const;
  const failed = measure.difference(cell, none, 'failed');
  const worst = measure.largestDifference(cell, none, 'failed');
  // where fewer fail, more have a time at all; and a server that fails its requests takes work off the others
  const [mean, tail] =
    failed < -mostFailed ? (['chargedMeanMs', 'chargedP99Ms'] as const) : (['meanMs', 'p99Ms'] as const);
  return [
    { ...shared, what: 'mean', value: measure.ratio(cell, none, mean), bound: mostMean, unit: 'ratio' },
    { ...shared, what: 'p99', value: measure.ratio(cell, none, tail), bound: p99, unit: 'ratio' },
    { ...shared, what: 'failed', value: failed, bound: mostFailed, unit: 'percent' },
    { ...shared, what: 'failed, worst run', value: worst, bound: mostFailedInOneRun, unit: 'percent' },
  ];
}
