import type { Reason } from '../../../shared/contract/decision.ts';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds } from '../../../shared/contract/policy.ts';
import { type MetricName, metricNames } from '../../../shared/contract/snapshot.ts';
import { isRecovered } from './overload.ts';

/** How one metric of a drained server has moved since the drain began, or since it last fell. */
interface Watch {
  /** It has fallen when it is more than `fallMargin` below this. */
  readonly from: number;
  /** The highest without traffic. */
  readonly highest: number;
  /** How long the server has had no traffic meanwhile, in ms. */
  readonly quietMs: number;
}

/** What is remembered of metrics that do not follow the traffic. */
export interface AtRest {
  /** The level at which each metric was set aside; null: it counts. */
  readonly levels: Utilisations;
  /** While the server is drained; null: nothing is known of it yet. */
  readonly watched: Readonly<Record<MetricName, Watch | null>>;
}

const none = { cpu: null, ram: null, bandwidth: null, threads: null, tcpQueues: null } as const;
export const nothingAtRest: AtRest = { levels: none, watched: none };

/** A metric that does not fall in this time without traffic, in ms, is not the traffic's doing. */
export const restMs = 20_000;
/** What a metric must lose to be falling: less is noise. */
export const fallMargin = 0.03;
/** A metric counts again when it is this far above the level at which it was set aside. */
export const riseMargin = 0.05;
/** ... or this far under its threshold: at the threshold itself, noise would drain the server again and again. */
const normalMargin = 0.01;

export interface AtRestInput {
  /** Smoothed, at the last tick and at this one. */
  readonly utilisationBefore: Utilisations;
  readonly utilisation: Utilisations;
  readonly drained: boolean;
  /** How long the server has had no traffic since the last tick, in ms. */
  readonly quietMs: number;
  readonly thresholds: Thresholds;
  /** How far under its threshold a metric of a drained server must be to be normal. */
  readonly returnMargin: number;
}

/**
 * One more tick. A metric that keeps a server drained is set aside at its level when it has not fallen for `restMs` without
 * traffic. It counts again when it rises well above that level or falls under its threshold. An unknown metric changes nothing.
 */
export function atRestAfter(before: AtRest, input: AtRestInput): AtRest {
  const { utilisationBefore, utilisation, drained, quietMs } = input;
  if (!drained && !isAnyAside(before)) return nothingAtRest;
  const levels: Record<MetricName, number | null> = { ...before.levels };
  const watched: Record<MetricName, Watch | null> = { ...(drained ? before.watched : none) };
  for (const metric of metricNames) {
    const value = utilisation[metric];
    if (value === null) continue;
    if (drained) {
      const start = utilisationBefore[metric] ?? value;
      const watch = before.watched[metric] ?? { from: start, highest: start, quietMs: 0 };
      watched[metric] = watchAfter(watch, value, quietMs);
    }
    levels[metric] = levelAfter(before.levels[metric], metric, value, watched[metric], input);
  }
  return { levels, watched };
}

function watchAfter(before: Watch, value: number, quietMs: number): Watch {
  if (value < before.from - fallMargin) return { from: value, highest: value, quietMs: 0 };
  const highest = quietMs > 0 ? Math.max(before.highest, value) : before.highest;
  return { ...before, highest, quietMs: before.quietMs + quietMs };
}

function levelAfter(
  level: number | null,
  metric: MetricName,
  value: number,
  watch: Watch | null,
  { thresholds, returnMargin }: AtRestInput,
): number | null {
  if (watch !== null && watch.quietMs >= restMs && !isRecovered(metric, value, thresholds, returnMargin)) {
    return watch.highest;
  }
  if (level === null) return null;
  return value >= level + riseMargin || isNormal(metric, value, thresholds) ? null : level;
}

/** Under its threshold, by more than noise. */
export function isNormal(metric: MetricName, value: number, thresholds: Thresholds): boolean {
  return value < thresholds[metric] - normalMargin;
}

/** Without the metrics that are set aside: those are as unknown. */
export function counted(utilisation: Utilisations, atRest: AtRest): Utilisations {
  if (!isAnyAside(atRest)) return utilisation;
  const left: Record<MetricName, number | null> = { ...utilisation };
  for (const metric of metricNames) if (atRest.levels[metric] !== null) left[metric] = null;
  return left;
}

export function isAnyAside({ levels }: AtRest): boolean {
  return metricNames.some((metric) => levels[metric] !== null);
}

export function setAsideReasons({ levels }: AtRest): Reason[] {
  return metricNames.flatMap((metric): Reason[] => {
    const level = levels[metric];
    return level === null ? [] : [{ code: 'set-aside', metric, level, countsFrom: level + riseMargin }];
  });
}
