import type { Outcome } from '../rig/load/outcome.ts';
import { summarise } from './latencies.ts';
import type { Frame } from './live-view.ts';
import { type Sight, utilisation } from './observe.ts';
import type { DemoSettings } from './settings.ts';

/** What is known at one moment of a phase. Times in ms from the start of the phase. */
export interface Moment {
  readonly settings: DemoSettings;
  readonly sight: Sight;
  readonly outcomes: readonly Outcome[];
  /** What the phase without the controller measured; null in that phase itself. */
  readonly before: readonly Outcome[] | null;
  readonly elapsedMs: number;
  readonly slowedAtMs: number | null;
}

/** The live figures are over this long, in ms. */
const windowMs = 5_000;

/** Converts measurements to what the live view shows. */
export function frameOf({ settings, sight, outcomes, before, elapsedMs, slowedAtMs }: Moment): Frame {
  const { slowed, deadlineMs, phaseSeconds, policy, servers } = settings;
  const recent = (some: readonly Outcome[]) =>
    some.filter(({ endedAtMs }) => endedAtMs > elapsedMs - windowMs && endedAtMs <= elapsedMs);
  const now = recent(outcomes);
  const weights = sight.weights ?? {};
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return {
    phase: before === null ? 'without' : 'with',
    policy,
    elapsedSeconds: elapsedMs / 1_000,
    phaseSeconds,
    slowed: slowedAtMs === null ? null : { ...slowed, secondsAgo: (elapsedMs - slowedAtMs) / 1_000 },
    servers: servers.map(({ name, cores }) => {
      const weight = weights[name] ?? null;
      const answered = now.filter(({ server }) => server === name).length;
      return {
        name,
        cores,
        cpu: utilisation(sight.snapshots[name], 'cpu'),
        weight,
        share: weight === null || total === 0 ? null : weight / total,
        answeredPerSecond: answered / (Math.min(windowMs, elapsedMs) / 1_000),
        limit: sight.limits?.[name] ?? null,
      };
    }),
    waiting: sight.waiting,
    windowSeconds: windowMs / 1_000,
    deadlineMs,
    now: summarise(now, deadlineMs),
    before: before === null ? null : summarise(recent(before), deadlineMs),
  };
}
