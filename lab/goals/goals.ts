import type { PolicyName } from '../../shared/contract/policy-names.ts';
import type { FleetName } from '../../testbed/simulator/fleets.ts';
import type { Balance } from '../../testbed/simulator/schema.ts';
import { type Cell, type ContenderName, cellName } from './cell.ts';
import type { Finding, Goal } from './goal.ts';
import type { Measure } from './measure.ts';

const bothDemands = [20, 100] as const;
const bothFleets: readonly FleetName[] = ['het', 'mild'];
const balances: readonly Balance[] = ['roundrobin', 'leastconn', 'random'];
const steadies = ['steady-30', 'steady-50', 'steady-70', 'steady-85', 'steady-95'] as const;
const troubles = ['noisy', 'hidden', 'frozen'] as const;
const flashes = [110, 130, 150, 170, 190].map((percent) => `flash-${percent}`);

function cellsOf(
  scenarios: readonly string[],
  balance: Balance,
  contender: ContenderName,
  fleets = bothFleets,
): Cell[] {
  return fleets.flatMap((fleet) =>
    bothDemands.flatMap((demandMs) => scenarios.map((scenario) => ({ fleet, demandMs, scenario, balance, contender }))),
  );
}

type Against = { readonly contender: ContenderName; readonly balance: Balance };
const oracleLeastconn: Against = { contender: 'oracle', balance: 'leastconn' };
const staticRoundrobin: Against = { contender: 'static', balance: 'roundrobin' };
const equalRoundrobin: Against = { contender: 'equal-weights', balance: 'roundrobin' };
const equalLeastconn: Against = { contender: 'equal-weights', balance: 'leastconn' };

type Latency = 'meanMs' | 'p99Ms';
const latencyName = { meanMs: 'mean', p99Ms: 'p99' } as const;

function atMostTimes(measure: Measure, cells: readonly Cell[], against: Against, figure: Latency, bound: number) {
  return cells.map((cell): Finding => {
    const value = measure.ratio(cell, { ...cell, ...against }, figure);
    return { what: latencyName[figure], where: cellName(cell), value, bound, by: 'at most', unit: 'ratio' };
  });
}

function atMost(measure: Measure, cells: readonly Cell[], figure: keyof typeof names, bound: number) {
  return cells.map((cell): Finding => {
    const value = measure.value(cell, figure);
    return { what: names[figure].what, where: cellName(cell), value, bound, by: 'at most', unit: names[figure].unit };
  });
}

const names = {
  maxOverMean: { what: 'max/mean', unit: 'ratio' },
  movement: { what: 'movement', unit: 'percent' },
  ticksToConverge: { what: 'ticks', unit: 'ticks' },
  failed: { what: 'failed', unit: 'percent' },
} as const;

/** G1 to G14: what a policy must reach to be the default, medians over the seeds. */
export function generalGoals(policy: PolicyName): readonly Goal[] {
  const tested: ContenderName = `policy:${policy}`;
  return [
    {
      name: 'G1',
      text: 'leastconn against the oracle under leastconn: mean <= 1.05, p99 <= 1.10 times',
      findings: (measure) => {
        const cells = cellsOf([...steadies, ...troubles], 'leastconn', tested);
        return [
          ...atMostTimes(measure, cells, oracleLeastconn, 'meanMs', 1.05),
          ...atMostTimes(measure, cells, oracleLeastconn, 'p99Ms', 1.1),
        ];
      },
    },
    {
      name: 'G2',
      text: 'random against the oracle under leastconn: <= 1.30 times, p99 when hidden <= 1.40',
      findings: (measure) => {
        const usual = cellsOf([...steadies, 'noisy', 'frozen'], 'random', tested);
        const hidden = cellsOf(['hidden'], 'random', tested);
        return [
          ...atMostTimes(measure, [...usual, ...hidden], oracleLeastconn, 'meanMs', 1.3),
          ...atMostTimes(measure, usual, oracleLeastconn, 'p99Ms', 1.3),
          ...atMostTimes(measure, hidden, oracleLeastconn, 'p99Ms', 1.4),
        ];
      },
    },
    {
      name: 'G3',
      text: 'roundrobin against true static weights: mean <= 1.05, p99 <= 1.10 times',
      findings: (measure) => {
        const cells = cellsOf(steadies, 'roundrobin', tested);
        return [
          ...atMostTimes(measure, cells, staticRoundrobin, 'meanMs', 1.05),
          ...atMostTimes(measure, cells, staticRoundrobin, 'p99Ms', 1.1),
        ];
      },
    },
    {
      name: 'G4',
      text: 'largest/mean utilisation at 70 %: roundrobin <= 1.05, random <= 1.10',
      findings: (measure) => [
        ...atMost(measure, cellsOf(['steady-70'], 'roundrobin', tested), 'maxOverMean', 1.05),
        ...atMost(measure, cellsOf(['steady-70'], 'random', tested), 'maxOverMean', 1.1),
      ],
    },
    {
      name: 'G5',
      text: 'at constant load: weights move <= 5 % of their sum a tick at 20 ms, <= 8 % at 100 ms',
      findings: (measure) =>
        balances.flatMap((balance) =>
          cellsOf(['steady-50', 'steady-70', 'steady-85'], balance, tested).flatMap((cell) =>
            atMost(measure, [cell], 'movement', cell.demandMs === 20 ? 0.05 : 0.08),
          ),
        ),
    },
    {
      name: 'G6',
      text: 'weights within 1.25 of even within 3 ticks of a cold start or a halved capacity',
      findings: (measure) =>
        balances.flatMap((balance) =>
          atMost(measure, cellsOf(['cold-start', 'noisy'], balance, tested), 'ticksToConverge', 3),
        ),
    },
    {
      name: 'G7',
      text: 'answered within 1 s at 95 % load, leastconn and random: >= 99.5 % at 20 ms, >= 94 % at 100 ms',
      findings: (measure) =>
        (['leastconn', 'random'] as const).flatMap((balance) =>
          cellsOf(['steady-95'], balance, tested).map((cell): Finding => {
            const bound = cell.demandMs === 20 ? 0.995 : 0.94;
            const value = measure.value(cell, 'withinSecond');
            return { what: 'within 1 s', where: cellName(cell), value, bound, by: 'at least', unit: 'percent' };
          }),
        ),
    },
    {
      name: 'G8',
      text: 'one of five crashing for 5 s at 60 %: <= 0.2 % failed',
      findings: (measure) =>
        balances.flatMap((balance) => atMost(measure, cellsOf(['crash-1'], balance, tested), 'failed', 0.002)),
    },
    {
      name: 'G9',
      text: 'one server failing fast for 30 s: <= 4 % failed under roundrobin and random, <= 12 % under leastconn',
      findings: (measure) =>
        balances.flatMap((balance) =>
          atMost(measure, cellsOf(['fails-fast'], balance, tested), 'failed', balance === 'leastconn' ? 0.12 : 0.04),
        ),
    },
    {
      name: 'G10',
      text: 'random, one agent frozen while the load doubles: mean <= 1.3 times the oracle under leastconn',
      findings: (measure) =>
        atMostTimes(measure, cellsOf(['frozen'], 'random', tested), oracleLeastconn, 'meanMs', 1.3),
    },
    {
      name: 'G11',
      text: 'no tick leaves every server that is up with weight 0, in any scenario',
      findings: (measure) =>
        balances.flatMap((balance) => {
          const scenarios = ['steady-95', 'fails-fast', 'errors', 'crash-3', 'crowd', 'frozen', 'cold-start'];
          return cellsOf(scenarios, balance, tested).map((cell): Finding => {
            const value = measure.largest(cell, 'allZeroTicks');
            return { what: 'all-zero ticks', where: cellName(cell), value, bound: 0, by: 'at most', unit: 'ticks' };
          });
        }),
    },
    {
      name: 'G12',
      text: 'against equal weights, roundrobin, mild: flash crowds, 1 or 2 failures: mean better by >= 3 %',
      findings: (measure) => {
        const cells = cellsOf([...flashes, 'crash-1', 'crash-2'], 'roundrobin', tested, ['mild']);
        return atMostTimes(measure, cells, equalRoundrobin, 'meanMs', 0.97);
      },
    },
    {
      name: 'G13',
      text: 'random against equal weights under roundrobin, the same: mean better by >= 15 %, p99 by >= 20 %',
      findings: (measure) => {
        const cells = cellsOf([...flashes, 'crash-1', 'crash-2'], 'random', tested, ['mild']);
        return [
          ...atMostTimes(measure, cells, equalRoundrobin, 'meanMs', 0.85),
          ...atMostTimes(measure, cells, equalRoundrobin, 'p99Ms', 0.8),
        ];
      },
    },
    {
      name: 'G14',
      text: 'leastconn against equal leastconn: het at 70 %: mean -20 %, p99 -25 %; mild and hom <= +2 %',
      findings: (measure) => {
        const het = cellsOf(['steady-70'], 'leastconn', tested, ['het']);
        const even = cellsOf(['steady-70'], 'leastconn', tested, ['mild', 'hom']);
        return [
          ...atMostTimes(measure, het, equalLeastconn, 'meanMs', 0.8),
          ...atMostTimes(measure, het, equalLeastconn, 'p99Ms', 0.75),
          ...atMostTimes(measure, even, equalLeastconn, 'meanMs', 1.02),
          ...atMostTimes(measure, even, equalLeastconn, 'p99Ms', 1.02),
        ];
      },
    },
  ];
}
