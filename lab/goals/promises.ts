import type { PolicyName } from '../../shared/contract/policy-names.ts';
import type { FleetName } from '../../testbed/simulator/fleets.ts';
import { type Balance, balances } from '../../testbed/simulator/schema.ts';
import { type Cell, cellName, type FigureName } from './cell.ts';
import type { Finding, Goal } from './goal.ts';
import type { Measure } from './measure.ts';

const overloads = ['overload-105', 'overload-120', 'overload-135', 'overload-150'] as const;
const calm = ['steady-50', 'steady-70', 'steady-85'] as const;

/** What the default policy promises beside `never worse`: how fast it reacts, and how calm it is. */
export function promises(policy: PolicyName): readonly Goal[] {
  const cell = (scenario: string, balance: Balance, more: Partial<Cell> = {}): Cell => {
    return { fleet: 'hom', demandMs: 20, scenario, balance, contender: `policy:${policy}`, ...more };
  };
  const each = (scenario: string, more: Partial<Cell> = {}) => balances.map((balance) => cell(scenario, balance, more));
  const on = (fleets: readonly FleetName[], scenario: string) => fleets.flatMap((fleet) => each(scenario, { fleet }));
  const without = (of: Cell): Cell => ({ ...of, contender: 'none' });
  return [
    {
      name: 'refusals',
      text: 'one of five answers 429 at once for a minute: <= 6 % failed',
      findings: (measure) => each('sheds').map((of) => failed(measure, of, 0.06)),
    },
    {
      name: 'blind',
      text: 'three of five agents hang while another server fails fast: <= 4 % failed',
      findings: (measure) => each('blind').map((of) => failed(measure, of, 0.04)),
    },
    {
      name: 'trickle',
      text: 'three requests a second, one of five fails: <= 4 % failed',
      findings: (measure) => each('trickle').map((of) => failed(measure, of, 0.04)),
    },
    {
      name: 'overload',
      text: '105 to 150 % for a minute, against no controller: failed <= + 1 point, within 1 s >= - 1 point',
      findings: (measure) =>
        overloads.flatMap((scenario) =>
          each(scenario).flatMap((of) => [
            finding(of, 'failed', measure.difference(of, without(of), 'failed'), 0.01),
            least(of, 'within 1 s', measure.difference(of, without(of), 'withinSecond'), -0.01),
          ]),
        ),
    },
    {
      name: 'rolling',
      text: 'all restarted in turn, against true weights: mean <= 1.05 times',
      findings: (measure) =>
        on(['hom', 'tuned'], 'rolling').map((of) =>
          ratio(of, 'mean', measure.ratio(of, { ...of, contender: 'static' }, 'meanMs'), 1.05),
        ),
    },
    {
      name: 'breaker',
      text: 'one of five fails fast for 30 s: <= 2.5 % failed under leastconn, <= 0.05 % with retries',
      findings: (measure) => [
        failed(measure, cell('fails-fast', 'leastconn'), 0.025),
        ...each('fails-fast', { fastPath: true }).map((of) => failed(measure, of, 0.000_5)),
      ],
    },
    {
      name: 'removed',
      text: 'three of five crash for 5 s: no more failed than with observe layer4 and retries alone (+ 0.1 points)',
      findings: (measure) =>
        each('crash-3', { fastPath: true }).map((of) =>
          finding(of, 'failed', measure.difference(of, without(of), 'failed'), 0.001),
        ),
    },
    {
      name: 'convergence',
      text: 'weights within 1.25 of even within 2 ticks of a cold start',
      findings: (measure) =>
        on(['het', 'mild', 'pair'], 'cold-start').map((of) => {
          return { ...finding(of, 'ticks', measure.value(of, 'ticksToConverge'), 2), unit: 'ticks' };
        }),
    },
    {
      name: 'movement',
      text: 'at constant load: weights move <= 3 % of their sum a tick',
      findings: (measure) =>
        calm.flatMap((scenario) =>
          on(['het', 'mild', 'hom'], scenario).map((of) =>
            finding(of, 'movement', measure.value(of, 'movement'), 0.03),
          ),
        ),
    },
    {
      name: 'equal',
      text: 'equal servers under roundrobin: every weight within 1 % of the mean, at every tick',
      findings: (measure) =>
        calm.map((scenario) => {
          const of = cell(scenario, 'roundrobin');
          return finding(of, 'furthest share', measure.value(of, 'furthestShare'), 0.01);
        }),
    },
    {
      name: 'neutral',
      text: 'two controllers before equal servers for 15 minutes: every weight within 10 % of the mean',
      findings: (measure) =>
        each('two-controllers').map((of) => finding(of, 'furthest share', measure.value(of, 'furthestShare'), 0.1)),
    },
    {
      name: 'unequal',
      text: 'cores that say what servers can do, and cores that do not, against true weights: mean <= 1.1 times',
      findings: (measure) =>
        [...on(['pair'], 'steady-50'), ...on(['single'], 'steady-50')].map((of) =>
          ratio(of, 'mean', measure.ratio(of, { ...of, contender: 'static' }, 'meanMs'), 1.1),
        ),
    },
  ];
}

function finding(of: Cell, what: string, value: number, bound: number): Finding {
  return { what, where: cellName(of), value, bound, by: 'at most', unit: 'percent' };
}

function least(of: Cell, what: string, value: number, bound: number): Finding {
  return { ...finding(of, what, value, bound), by: 'at least' };
}

function ratio(of: Cell, what: string, value: number, bound: number): Finding {
  return { ...finding(of, what, value, bound), unit: 'ratio' };
}

function failed(measure: Measure, of: Cell, bound: number): Finding {
  const figure: FigureName = 'failed';
  return finding(of, figure, measure.value(of, figure), bound);
}
