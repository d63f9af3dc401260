import { metricNames, snapshotSchema } from '../../shared/contract/snapshot.ts';

/** A snapshot of a version after ours: JSON of an object, of which nothing else is known. */
export type NewerSnapshot = Readonly<Record<string, unknown>>;

const { shape } = snapshotSchema;
const { metrics: metricsSchema, scope: scopeSchema } = shape;
const optional = ['machine', 'machineCores', 'pressure', 'memoryEvents', 'warnings'] as const;

/**
 * Of a newer agent's snapshot what this version knows: a metric in a form that it does not know is unavailable, and so on.
 * What is left is checked like any other snapshot. Pure.
 */
export function knownPart(snapshot: NewerSnapshot): NewerSnapshot {
  const { scope, metrics } = snapshot;
  const left = optional.filter((name) => !shape[name].safeParse(snapshot[name]).success);
  return {
    ...snapshot,
    ...Object.fromEntries(left.map((name) => [name, undefined])),
    ...(scope === undefined || scopeSchema.safeParse(scope).success ? {} : { scope: { kind: 'unknown' } }),
    ...(isObject(metrics) ? { metrics: knownMetrics(metrics) } : {}),
  };
}

function knownMetrics(metrics: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known = metricNames.map((name) => {
    const metric = metrics[name];
    if (metricsSchema.shape[name].safeParse(metric).success) return [name, metric];
    const detail = `the agent is newer than this controller, which does not know this form of ${name}`;
    return [name, { status: 'unavailable', reason: 'not-supported', detail }];
  });
  return Object.fromEntries(known);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
