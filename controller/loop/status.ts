import type { Decision } from '../../shared/contract/decision.ts';
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
import type { Sighting } from '../observe/observer.ts';
import type { BackendTick, ShadowTick } from './backend-loop.ts';

/** What a status tells besides the backends. */
export type StatusHead = Omit<Status, 'version' | 'backends'>;

export function statusOf(head: StatusHead, backends: readonly BackendTick[]): Status {
  return { version: statusVersion, ...head, backends: backends.map((tick) => backendStatus(tick, head.dryRun)) };
}

/** The last tick of one backend as the status API shows it. Pure. */
export function backendStatus(tick: BackendTick, dryRun: boolean): BackendStatus {
  const decisions = byServer(tick.decisions);
  const shares = sharesOf(tick.sightings, tick.decisions);
  return {
    backend: tick.backend,
    algorithm: tick.algorithm,
    problem: tick.problem === null ? null : formatProblem(tick.problem),
    servers: tick.sightings.map((sighting) => {
      const { server } = sighting.view;
      return serverStatus(sighting, decisions.get(server), shares.get(server) ?? null, dryRun);
    }),
    shadows: tick.shadows.map((shadow) => shadowStatus(shadow, tick.sightings)),
  };
}

function byServer(decisions: readonly Decision[]): ReadonlyMap<string, Decision> {
  return new Map(decisions.map((decision) => [decision.server, decision]));
}

function sharesOf(sightings: readonly Sighting[], decisions: readonly Decision[]) {
  return sharesInRotation(
    sightings.map(({ observation }) => observation),
    decisions,
  );
}

function shadowStatus({ policy, decisions, problem }: ShadowTick, sightings: readonly Sighting[]): ShadowStatus {
  const shares = sharesOf(sightings, decisions);
  return {
    policy,
    problem: problem === null ? null : formatProblem(problem),
    servers: decisions.map(({ write: _, reasons, ...decision }) => {
      return { ...decision, share: shares.get(decision.server) ?? null, reasons: [...reasons] };
    }),
  };
}

function serverStatus(
  { view, observation, contact }: Sighting,
  decision: Decision | undefined,
  share: number | null,
  dryRun: boolean,
): ServerStatus {
  const { agent } = observation;
  const fresh = agent.state === 'fresh' ? agent : null;
  return {
    server: view.server,
    address: view.address,
    haproxyStatus: view.haproxyStatus,
    exclusion: view.exclusion,
    configuredWeight: view.configuredWeight,
    weightBefore: view.currentWeight,
    weight: decision?.weight ?? view.currentWeight,
    written: !dryRun && (decision?.write ?? false),
    share,
    drained: decision?.drained ?? false,
    load: decision?.load ?? null,
    delta: decision?.delta ?? null,
    effectiveCores: fresh?.effectiveCores ?? null,
    utilisation: fresh?.utilisation ?? unknownUtilisation,
    agent: {
      url: contact.url,
      state: agent.state,
      ageMs: agent.ageMs,
      code: contact.problem?.code ?? (agent.state === 'stale' ? agent.code : null),
      detail:
        contact.problem === null ? (agent.state === 'stale' ? agent.detail : null) : formatProblem(contact.problem),
      failures: contact.failures,
    },
    traffic: observation.traffic,
    inFlight: view.inFlight,
    reasons: [...(decision?.reasons ?? [])],
  };
}
