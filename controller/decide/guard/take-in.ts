import type { Reason } from '../../../shared/contract/decision.ts';
import type { Observation, Utilisations } from '../../../shared/contract/observation.ts';
import type { Thresholds, Verdict } from '../../../shared/contract/policy.ts';
import { heldVerdict, usableOrHeld } from '../policies/held.ts';
import { agentOf, hadTraffic } from './agent-of.ts';
import { addAnswers, answersOf, doMostFail, type ErrorJudgement, judgeErrors, noAnswers } from './errors.ts';
import { metricsOver, smoothUtilisation } from './overload.ts';
import { paceAfter } from './pace.ts';
import { proofs } from './proof.ts';
import { atRestAfter, counted, isAnyAside, nothingAtRest, setAsideReasons } from './set-aside.ts';
import { type GuardState, newcomer, type ServerMemory, unknownUtilisation } from './state.ts';
import { cutWatchAfter, vainCutReasons } from './vain-cut.ts';

/** One server in rotation while a tick is decided: its observation, the policy's verdict, and what is remembered. */
export interface Entry {
  readonly observation: Observation;
  readonly verdict: Verdict;
  readonly memory: ServerMemory;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly size: number;
  /** The same text for servers that one agent measures. */
  readonly agent: string;
  /** Its errors against the other servers'. */
  readonly errors: ErrorJudgement;
  readonly reasons: readonly Reason[];
}

export interface TakeInInput {
  readonly observations: readonly Observation[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly thresholds: Thresholds;
  readonly returnMargin: number;
  /** Since the tick before, in ms. */
  readonly elapsedMs: number;
}

/** Updates what is remembered of every server from the tick: errors, smoothed utilisation, size, and whether it just joined. */
export function takeIn(input: TakeInInput, before: GuardState): Entry[] {
  const named = input.observations.map((observation) => ({ observation, agent: agentOf(observation) }));
  const busy = new Set(named.filter(({ observation }) => hadTraffic(observation)).map(({ agent }) => agent));
  // a standby: its servers work for another HAProxy
  const isStandby = before.isTold && busy.size === 0;
  const levels = levelsByAgent(named, before);
  const taken = named.map(({ observation, agent }) => {
    const known = memoryAtTick(observation, before, levels.get(agent));
    const quietMs = isStandby || busy.has(agent) ? 0 : input.elapsedMs;
    const memory = takeInServer(observation, known, quietMs, input);
    const verdict = usableOrHeld(input.verdicts.get(observation.server) ?? heldVerdict(observation));
    const reasons = [...setAsideReasons(memory.atRest), ...vainCutReasons(memory.cutWatch)];
    return { observation, verdict, memory, agent, reasons };
  });
  const judged = withProofs(withErrorsJudged(taken));
  const areSized = judged.every(({ memory }) => memory.effectiveCores !== null);
  const sizeOf = ({ effectiveCores }: ServerMemory) => (areSized && effectiveCores !== null ? effectiveCores : 1);
  return judged.map((entry) => ({ ...entry, size: sizeOf(entry.memory) }));
}

/** What each server is cut for; nothing while the breaker, which looks more often, has it out. */
function withErrorsJudged<Taken extends Pick<Entry, 'observation' | 'memory'>>(taken: readonly Taken[]) {
  const subjects = taken.map(({ observation: { server, fast }, memory }) => {
    return { server, last: memory.answers, fast };
  });
  const judgements = judgeErrors(subjects);
  const isCommonFailure = doMostFail(subjects);
  return taken.map((entry) => {
    const errors = judgements.get(entry.observation.server) ?? { share: 0, others: 0, excess: 0 };
    const answers = isCommonFailure ? noAnswers : entry.memory.answers;
    return { ...entry, errors, memory: { ...entry.memory, answers, errorShare: errors.excess } };
  });
}

function withProofs<Taken extends Pick<Entry, 'memory'>>(taken: readonly Taken[]): Taken[] {
  const proven = proofs(
    taken.map(({ memory }) => memory.pace),
    taken.map(({ memory }) => memory.proven),
  );
  return taken.map((entry, index) => ({ ...entry, memory: { ...entry.memory, proven: proven[index] ?? 0 } }));
}

/** What is set aside of each machine that has a server in rotation: a server that joins there does not begin anew. */
function levelsByAgent(
  named: readonly Pick<Entry, 'observation' | 'agent'>[],
  { servers }: GuardState,
): ReadonlyMap<string, Utilisations> {
  const known = named.flatMap(({ observation: { server }, agent }) => {
    const { inRotation, atRest } = servers.get(server) ?? newcomer;
    return inRotation && isAnyAside(atRest) ? [{ server, agent, levels: atRest.levels }] : [];
  });
  const byName = known.toSorted((a, b) => (a.server < b.server ? -1 : 1));
  return new Map(byName.map(({ agent, levels }) => [agent, levels]));
}

/** A server that joined, or came back, keeps its learned weight alone; one that was there at our first tick keeps all. */
function memoryAtTick(
  { server, currentWeight }: Observation,
  before: GuardState,
  levels: Utilisations = nothingAtRest.levels,
): ServerMemory {
  const known = before.servers.get(server) ?? newcomer;
  // weight 0 at our first tick was left behind by a controller that was killed: it comes back like any other
  const joins = before.started ? !known.inRotation : currentWeight === 0;
  const atRest = { ...nothingAtRest, levels };
  return joins
    ? {
        ...newcomer,
        logWeight: known.logWeight,
        pace: known.pace,
        inRotation: true,
        full: known.full,
        atRest,
      }
    : { ...known, inRotation: true };
}

function takeInServer(
  observation: Observation,
  before: ServerMemory,
  quietMs: number,
  { thresholds, returnMargin, elapsedMs }: TakeInInput,
): ServerMemory {
  const { traffic, fast, agent } = observation;
  const pace = paceAfter(before.pace, observation, elapsedMs);
  const answers = fast.breaker === 'closed' ? addAnswers(before.answers, answersOf(traffic), elapsedMs) : noAnswers;
  if (agent.state === 'stale') return { ...before, answers, pace, utilisation: unknownUtilisation, overTicks: 0 };
  const utilisation = smoothUtilisation(before.utilisation, agent.utilisation);
  const { drained, utilisation: utilisationBefore } = before;
  const atRest = atRestAfter(before.atRest, {
    utilisationBefore,
    utilisation,
    drained,
    quietMs,
    thresholds,
    returnMargin,
  });
  const overTicks = metricsOver(counted(utilisation, atRest), thresholds).length > 0 ? before.overTicks + 1 : 0;
  const cutWatch = cutWatchAfter(before, utilisation, thresholds, elapsedMs);
  return { ...before, answers, pace, utilisation, atRest, cutWatch, overTicks, effectiveCores: agent.effectiveCores };
}
