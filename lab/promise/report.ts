import { count, decimal } from '../../shared/terminal/format.ts';
import { Tally } from '../../testbed/rig/load/tally.ts';
import { type Check, check } from '../support/check.ts';
import { markdownTable } from '../support/markdown.ts';
import { compare, type Difference, type Pair } from './comparison.ts';
import type { ControllerResult } from './controller-phase.ts';
import type { AlgorithmResult } from './writes-phase.ts';

export interface PromiseGoal {
  /** Least requests while weights changed. */
  readonly requests: number;
  /** Least changes of weights that took effect. */
  readonly changes: number;
}

export interface PhaseReport {
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly changes: number;
  readonly toOrFromZero: number;
  readonly requestsPerSecond: number;
  readonly p50: Difference;
  readonly p99: Difference;
}

export interface PromiseReport {
  readonly passed: boolean;
  readonly checks: readonly Check[];
  readonly phases: readonly PhaseReport[];
  /** Of all requests, with and without changes. */
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface Measured {
  readonly writes: readonly AlgorithmResult[];
  readonly controller: ControllerResult;
  readonly seconds: number;
}

export function reportOf({ writes, controller, seconds }: Measured, goal: PromiseGoal): PromiseReport {
  const everything = [...writes.flatMap(({ pairs }) => pairs), ...controller.pairs];
  const changing = sum(everything.map((pair) => pair.changing));
  const still = sum(everything.map((pair) => pair.still));
  const whileWritten = sum(writes.flatMap(({ pairs }) => pairs.map((pair) => pair.changing)));
  const changes = total(writes, ({ written }) => written.changes);
  const lost = total(writes, ({ written, still: none }) => written.lost + none.lost);
  const wrong = total(writes, ({ still: none }) => none.changes);
  const all = sum([changing, still]);
  const checks = [
    check('requests that failed', all.failed === 0, failuresOf(all), '0'),
    check(
      'requests while weights changed',
      whileWritten.requests >= goal.requests,
      count(whileWritten.requests),
      `at least ${count(goal.requests)}`,
    ),
    check(
      'changes of weights that took effect',
      changes >= goal.changes,
      count(changes),
      `at least ${count(goal.changes)}`,
    ),
    check('weights sent that HAProxy did not have afterwards', lost === 0, count(lost), '0'),
    check('weights that changed though none was to', wrong === 0, count(wrong), '0'),
    check('changes by the running controller', controller.changes > 0, count(controller.changes), 'at least 1'),
    check('servers with a limit of the controller', controller.limited > 0, count(controller.limited), 'at least 1'),
  ];
  return {
    passed: checks.every(({ verdict }) => verdict === 'met'),
    checks,
    phases: [...writes.map(algorithmReport), controllerReport(controller)],
    failures: Object.fromEntries(all.failures),
    seconds,
  };
}

export function formatReport({ phases, seconds }: PromiseReport): string {
  const columns = [
    'phase',
    'requests',
    'failed',
    'changes (to or from 0)',
    'p50 ms with / without',
    'p99 ms with / without',
    'difference of p99',
  ];
  const rows = phases.map(({ name, requests, failed, changes, toOrFromZero, p50, p99 }) => {
    return [
      name,
      count(requests),
      count(failed),
      `${count(changes)} (${count(toOrFromZero)})`,
      `${decimal(p50.changingMs)} / ${decimal(p50.stillMs)}`,
      `${decimal(p99.changingMs)} / ${decimal(p99.stillMs)}`,
      differenceOf(p99),
    ];
  });
  return `${markdownTable(columns, rows)}\n\n${seconds.toFixed(0)} s in all.`;
}

function differenceOf({ differenceMs, intervalMs }: Difference): string {
  if (intervalMs === null) return decimal(differenceMs);
  const [low, high] = intervalMs;
  const word = low <= 0 && high >= 0 ? 'none measurable: ' : '';
  return `${word}${decimal(differenceMs)} ms (95 %: ${decimal(low)} to ${decimal(high)})`;
}

function algorithmReport({ balance, pairs, written, seconds }: AlgorithmResult): PhaseReport {
  const all = sum(pairs.flatMap(({ changing, still }) => [changing, still]));
  const phase = phaseOf(balance, pairs, all.requests / seconds);
  return { ...phase, changes: written.changes, toOrFromZero: written.zeroes };
}

function controllerReport({ pairs, changes, zeroes, requestsPerSecond }: ControllerResult): PhaseReport {
  const phase = phaseOf(`the controller, ${requestsPerSecond} requests/s`, pairs, requestsPerSecond);
  return { ...phase, changes, toOrFromZero: zeroes };
}

function phaseOf(name: string, pairs: readonly Pair[], requestsPerSecond: number) {
  const changing = sum(pairs.map((pair) => pair.changing));
  const p50 = compare(pairs, 0.5);
  const p99 = compare(pairs, 0.99);
  return { name, requests: changing.requests, failed: changing.failed, requestsPerSecond, p50, p99 };
}

function failuresOf(tally: Tally): string {
  const kinds = [...tally.failures].map(([kind, many]) => `${count(many)} ${kind}`);
  return `${count(tally.failed)} of ${count(tally.requests)}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`;
}

function sum(tallies: readonly Tally[]): Tally {
  const all = new Tally();
  for (const tally of tallies) all.addAll(tally);
  return all;
}

function total<Value>(values: readonly Value[], of: (value: Value) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}
