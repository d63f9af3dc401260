import type { Decision } from '../../shared/contract/decision.ts';
import type { FastState, Observation } from '../../shared/contract/observation.ts';
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
import { asideEveryTicks } from '../observe/aside-agents.ts';
import type { ObservedServer } from '../observe/observer.ts';
import type { BackendTick, ShadowTick } from './backend-tick.ts';

/** Most servers of one machine that are named at each of them. */
const mostNeighbours = 10;

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
    waiting: tick.readAtMs === null ? null : tick.waiting,
    ejections: tick.ejections,
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
  { observation, haproxyStatus, agentHealth, snapshot, onItsMachine }: ObservedServer,
  decision: Decision | undefined,
  share: number | null,
  dryRun: boolean,
): ServerStatus {
  const { agent } = observation;
  const { problem, url } = agentHealth;
  const stale = agent.state === 'stale' && agentHealth.isAsked ? agent : null;
  const fresh = agent.state === 'fresh' ? agent : null;
  return {
    server: observation.server,
    address: observation.address,
    port: observation.port,
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
      url,
      state: agent.state,
      ageMs: agent.ageMs,
      code: problem?.code ?? stale?.code ?? null,
      detail: problem === null ? (stale?.detail ?? null) : formatProblem(problem),
      failures: agentHealth.failures,
      asked: agentHealth.isAsked,
      notes: [...agentNotes(agentHealth), ...(fresh === null ? [] : (snapshot?.warnings ?? []))],
    },
    sharesMachineWith: onItsMachine.filter((name) => name !== observation.server).slice(0, mostNeighbours),
    pressure: fresh === null ? null : (snapshot?.pressure ?? null),
    memoryEvents: fresh === null ? null : (snapshot?.memoryEvents ?? null),
    traffic: observation.traffic,
    inFlight: observation.inFlight,
    breaker: breakerOf(observation.fast),
    elsewhere: observation.elsewhere,
    limit: limitStatus(observation, decision, dryRun),
    reasons: [...(decision?.reasons ?? [])],
  };
}

function limitStatus(
  { limit: reading }: Observation,
  decision: Decision | undefined,
  dryRun: boolean,
): ServerStatus['limit'] {
  if (reading === undefined) return null;
  const { limit, write = false, reason = null } = decision?.limit ?? { limit: reading.now };
  return { limit, now: write && !dryRun ? limit : reading.now, fullPart: reading.fullPart, reason };
}

/** A probe whose answers are awaited is still one. */
function breakerOf({ breaker, remainingMs }: FastState): ServerStatus['breaker'] {
  return breaker === 'open' && remainingMs === 0 ? 'probing' : breaker;
}

function agentNotes({ isAsked, url, otherVersion }: ObservedServer['agentHealth']): readonly string[] {
  const where =
    url === '' ? 'there is no address to ask' : `asked every ${asideEveryTicks} ticks, and when its server changes`;
  return [
    ...(isAsked ? [] : [`its server is out of rotation, so no tick waits for it until it answers; ${where}`]),
    ...(otherVersion === null ? [] : [formatProblem(otherVersion)]),
  ];
}
