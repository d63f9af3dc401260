import type { DecideInput } from '../../../controller/decide/decide.ts';
import { defaultGuardSettings } from '../../../controller/decide/guard/settings.ts';
import { inverseLoad } from '../../../controller/decide/policies/inverse-load.ts';
import { type Observation, type Utilisations, undisturbed } from '../../../shared/contract/observation.ts';
import type { LoadFactors, Thresholds } from '../../../shared/contract/policy.ts';

/** The publication's values. */
export const factors: LoadFactors = { cpu: 0.5, ram: 0.3, bandwidth: 0.15, threads: 0.05 };
export const thresholds: Thresholds = { cpu: 0.8, ram: 0.8, bandwidth: 0.8, threads: 0.85, tcpQueues: 0.9 };

export const calm: Utilisations = { cpu: 0.4, ram: 0.4, bandwidth: 0.1, threads: 0.1, tcpQueues: 0 };

export type ServerSketch = Partial<Omit<Observation, 'agent'>> & {
  readonly utilisation?: Partial<Utilisations>;
  readonly cores?: number;
  readonly stale?: boolean;
};

/** An observation of a healthy, calm server in rotation, changed where the sketch says so. */
export function observed(server: string, sketch: ServerSketch = {}): Observation {
  const { utilisation, cores = 2, stale = false, ...rest } = sketch;
  return {
    server,
    address: '127.0.0.1',
    port: 8080,
    machine: server,
    agentUrl: `http://${server}:9477/v1/snapshot`,
    takesRequests: (sketch.exclusion ?? null) === null,
    exclusion: null,
    configuredWeight: 100,
    currentWeight: 100,
    upForMs: 3_600_000,
    traffic: { ok: 100, errors: 0, clientErrors: 0 },
    flow: null,
    fast: undisturbed,
    elsewhere: null,
    inFlight: 0,
    agent: stale
      ? { state: 'stale', ageMs: 9_000, code: 'agent-timeout', detail: 'no answer' }
      : { state: 'fresh', ageMs: 100, utilisation: { ...calm, ...utilisation }, effectiveCores: cores },
    ...rest,
  };
}

export function input(observations: readonly Observation[], changes: Partial<DecideInput> = {}): DecideInput {
  return {
    observations,
    policy: inverseLoad,
    factors,
    thresholds,
    guard: defaultGuardSettings,
    limits: 'on',
    algorithm: 'leastconn',
    elapsedMs: 2_000,
    ...changes,
  };
}
