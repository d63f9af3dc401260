import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import { formatProblem } from '../../shared/contract/problem.ts';
import {
  type BackendStatus,
  type ServerStatus,
  type ShadowStatus,
  type Status,
  statusVersion,
} from '../../shared/contract/status.ts';
import { unknownUtilisation } from '../decide/guard/state.ts';
import { sharesInRotation } from '../decide/shares.ts';
import type { ObservedServer } from '../observe/observer.ts';
import type { BackendTick, ShadowTick } from './backend-tick.ts';

/** What a status tells besides the backends. */
export type StatusHead = Omit<Status, 'version' | 'backends'>;

export function statusOf(head: StatusHead, backends: readonly BackendTick[]): Status {
  return { version: statusVersion, ...head, backends: backends.map((tick) => backendStatus(tick, head.dryRun)) };
}

/** The last tick of one backend as the status API shows it. Pure. */
export function backendStatus(tick: BackendTick, dryRun: boolean): BackendStatus {
  const observations = tick.servers.map(({ observation }) => observation);
  const decisions = byServer(tick.decisions);
  const shares = sharesInRotation(observations, tick.decisions);
  return {
    backend: tick.backend,
    algorithm: tick.algorithm,
    readAtMs: tick.readAtMs,
    problem: tick.problem === null ? null : formatProblem(tick.problem),
    servers: tick.servers.map((each) => {
      const { server } = each.observation;
      return serverStatus(each, decisions.get(server), shares.get(server) ?? null, dryRun);
    }),
    shadows: tick.shadows.map((shadow) => shadowStatus(shadow, observations)),
  };
}

function byServer(decisions: readonly Decision[]): ReadonlyMap<string, Decision> {
  return new Map(decisions.map((decision) => [decision.server, decision]));
}

function shadowStatus({ policy, decisions, problem }: ShadowTick, observations: readonly Observation[]): ShadowStatus {
  const shares = sharesInRotation(observations, decisions);
  return {
    policy,
    problem: problem === null ? null : formatProblem(problem),
    servers: decisions.map(({ write: _, reasons, ...decision }) => {
      return { ...decision, share: shares.get(decision.server) ?? null, reasons: [...reasons] };
    }),
  };
}

function serverStatus(
  { observation, haproxyStatus, agentHealth }: ObservedServer,
  decision: Decision | undefined,
  share: number | null,
  dryRun: boolean,
): ServerStatus {
  const { agent } = observation;
  const { problem } = agentHealth;
  const fresh = agent.state === 'fresh' ? agent : null;
  return {
    server: observation.server,
    address: observation.address,
    haproxyStatus,
    exclusion: observation.exclusion,
    configuredWeight: observation.configuredWeight,
    weightBefore: observation.currentWeight,
    weight: decision?.weight ?? observation.currentWeight,
    written: !dryRun && (decision?.write ?? false),
    share,
    drained: decision?.drained ?? false,
    load: decision?.load ?? null,
    delta: decision?.delta ?? null,
    effectiveCores: fresh?.effectiveCores ?? null,
    utilisation: fresh?.utilisation ?? unknownUtilisation,
    agent: {
      url: agentHealth.url,
      state: agent.state,
      ageMs: agent.ageMs,
      code: problem?.code ?? (agent.state === 'stale' ? agent.code : null),
      detail: problem === null ? (agent.state === 'stale' ? agent.detail : null) : formatProblem(problem),
      failures: agentHealth.failures,
    },
    traffic: observation.traffic,
    inFlight: observation.inFlight,
    reasons: [...(decision?.reasons ?? [])],
  };
}
