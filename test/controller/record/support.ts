import { configSchema } from '../../../controller/config/schema.ts';
import { decide, initialDecideState } from '../../../controller/decide/decide.ts';
import { policyNamed } from '../../../controller/decide/policies/registry.ts';
import { decisionSettings, recordingVersion, type TickRecord } from '../../../controller/record/recording.ts';
import type { Decision } from '../../../shared/contract/decision.ts';
import type { Observation } from '../../../shared/contract/observation.ts';
import type { PolicyName } from '../../../shared/contract/policy-names.ts';
import type { Tick } from '../support/play.ts';

export const settings = decisionSettings(configSchema.parse({ backends: [{ name: 'web' }] }));

export const start = 1_700_000_000_000;

/** A tick as a controller records it, changed where asked. */
export function recordOf(
  observations: readonly Observation[],
  decisions: readonly Decision[],
  changes: Partial<TickRecord> = {},
): TickRecord {
  return {
    haweightRecording: recordingVersion,
    at: start,
    run: start - 1_000,
    tick: 1,
    backend: 'web',
    algorithm: 'roundrobin',
    elapsedMs: 2_000,
    policy: 'inverse-load',
    settings,
    outcome: 'written',
    observations,
    decisions,
    ...changes,
  };
}

/** What happens to HAProxy before a tick besides the policy in force. */
export type Incident = 'none' | 'reload' | 'operator' | 'refused';

/** The records of a controller whose HAProxy does as it is told, but for the incidents. */
export function recordingOf(
  ticks: readonly Tick[],
  policy: PolicyName,
  incidents: readonly Incident[] = [],
  algorithm: string | null = 'roundrobin',
): TickRecord[] {
  let state = initialDecideState(policyNamed(policy));
  let haproxy = new Map<string, number>();
  return ticks.map(({ observations, elapsedMs }, index) => {
    const incident = incidents[index] ?? 'none';
    if (incident === 'operator') for (const { server } of observations.slice(0, 1)) haproxy.set(server, 17);
    if (incident === 'reload') haproxy = new Map(observations.map((each) => [each.server, each.configuredWeight]));
    const seen = observations.map((each) => ({
      ...each,
      currentWeight: haproxy.get(each.server) ?? each.currentWeight,
      traffic: incident === 'reload' || index === 0 ? null : each.traffic,
    }));
    const { factors, thresholds, guard, limits } = settings;
    const input = {
      observations: seen,
      policy: policyNamed(policy),
      factors,
      thresholds,
      guard,
      limits,
      algorithm,
      elapsedMs,
    };
    const outcome = decide(input, state);
    state = outcome.state;
    const written = incident !== 'refused';
    haproxy = new Map([
      ...seen.map((each) => [each.server, each.currentWeight] as const),
      ...outcome.decisions.flatMap((each) => (written ? [[each.server, each.weight] as const] : [])),
    ]);
    return recordOf(seen, outcome.decisions, {
      at: start + index * 2_000,
      tick: index + 1,
      policy,
      algorithm,
      elapsedMs,
      outcome: written ? 'written' : 'refused',
    });
  });
}
