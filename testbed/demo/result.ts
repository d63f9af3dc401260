import { percentile } from '../../shared/math/statistics.ts';
import type { Outcome } from '../rig/load/outcome.ts';
import { type Summary, summarise } from './latencies.ts';
import type { DemoSettings } from './settings.ts';
import { type SlowdownEffect, slowdownEffect, type Tick } from './slowdown.ts';

/** What one phase measured. */
export interface PhaseRecord {
  readonly outcomes: readonly Outcome[];
  /** When the server was slowed, in ms from the start of the phase. */
  readonly slowedAtMs: number;
  /** The weights in HAProxy when the last request was answered. */
  readonly finalWeights: Readonly<Record<string, number>>;
}

export interface PhaseResult extends Summary {
  readonly answeredPerSecond: number;
  readonly p99BeforeSlowdownMs: number | null;
  readonly p99AfterSlowdownMs: number | null;
  /** Answered requests of each server, as a share of all answered; 0 to 1. */
  readonly answeredShares: Readonly<Record<string, number>>;
  readonly finalWeights: Readonly<Record<string, number>>;
  /** How late the load generator sent its requests, in ms. */
  readonly generatorLagP99Ms: number | null;
}

export interface DemoResult {
  readonly settings: DemoSettings;
  readonly without: PhaseResult;
  readonly with: PhaseResult;
  readonly slowdown: SlowdownEffect;
  /** The controller's period, in ms. */
  readonly periodMs: number;
  /** The weights in HAProxy after the controller was told to stop. */
  readonly restoredWeights: Readonly<Record<string, number>>;
}

export interface DemoRecord {
  readonly settings: DemoSettings;
  readonly without: PhaseRecord;
  readonly with: PhaseRecord;
  readonly ticks: readonly Tick[];
  readonly periodMs: number;
  readonly restoredWeights: Readonly<Record<string, number>>;
}

/** Everything that the demo reports, from what it recorded. */
export function demoResult(record: DemoRecord): DemoResult {
  const { settings, ticks, periodMs, restoredWeights } = record;
  return {
    settings,
    without: phaseResult(record.without, settings),
    with: phaseResult(record.with, settings),
    slowdown: slowdownEffect(ticks, settings.slowed.server, record.with.slowedAtMs),
    periodMs,
    restoredWeights,
  };
}

function phaseResult({ outcomes, slowedAtMs, finalWeights }: PhaseRecord, settings: DemoSettings): PhaseResult {
  const { deadlineMs, phaseSeconds, servers } = settings;
  const p99 = (some: readonly Outcome[]) => summarise(some, deadlineMs).p99Ms;
  const answered = outcomes.filter(({ failure }) => failure === null);
  const shareOf = (name: string) => answered.filter(({ server }) => server === name).length / answered.length;
  const lags = outcomes.map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  return {
    ...summarise(outcomes, deadlineMs),
    answeredPerSecond: answered.length / phaseSeconds,
    p99BeforeSlowdownMs: p99(outcomes.filter(({ atMs }) => atMs < slowedAtMs)),
    p99AfterSlowdownMs: p99(outcomes.filter(({ atMs }) => atMs >= slowedAtMs)),
    answeredShares: Object.fromEntries(servers.map(({ name }) => [name, answered.length === 0 ? 0 : shareOf(name)])),
    finalWeights,
    generatorLagP99Ms: percentile(lags, 0.99),
  };
}
