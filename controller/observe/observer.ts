import { type AgentReading, type FastState, type Observation, undisturbed } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { agentOfOtherVersion, agentOfSeveral } from '../../shared/contract/problems/agent.ts';
import type { Result } from '../../shared/contract/result.ts';
import { type Snapshot, snapshotVersion } from '../../shared/contract/snapshot.ts';
import type { AgentSource } from './agent-client.ts';
import { holdSnapshot, type ReadingOptions, readingOf, restingReading } from './agent-readings.ts';
import type { AgentRound } from './agent-round.ts';
import { agentUrl } from './agent-url.ts';
import { AsideAgents, type AsideServer, type TimedAnswer } from './aside-agents.ts';
import type { BackendView, ServerView } from './haproxy-view.ts';
import { type MachinePart, machineParts } from './machines.ts';
import { type Memory, memoryOf } from './memory.ts';
import { flowBetween, trafficBetween } from './traffic.ts';
import { type Asking, whenAsked } from './who-is-asked.ts';

export interface ObserverOptions extends ReadingOptions {
  /** Template of agents' URLs, with {address} or {server}. */
  readonly urlTemplate: string;
  /** Server to URL, over the template. */
  readonly configuredUrls: Readonly<Record<string, string>>;
  /** How many backends there are. */
  readonly backends: number;
}

/** What the looks between ticks know of a server. */
export interface Looks {
  stateOf(server: string): FastState;
  /** Requests in flight, the mean since it was last asked for; null where there was no look. */
  takeInFlightMean(server: string): number | null;
}

/** How asking one server's agent goes. */
export interface AgentHealth {
  /** Empty where it is not known. */
  readonly url: string;
  /** Whether ticks wait for it; false for a server out of rotation whose agent does not answer. */
  readonly isAsked: boolean;
  /** Failures since the start, this tick's included. Those of servers out of rotation are none. */
  readonly failures: number;
  readonly problem: Problem | null;
  /** Where its snapshots are of another version than ours: they are used, and this says so. */
  readonly otherVersion: Problem | null;
}

/** One server at one tick: the observation that is decided on, and what only the status shows. */
export interface ObservedServer {
  readonly observation: Observation;
  /** As HAProxy words it: UP, DOWN, MAINT and more. */
  readonly haproxyStatus: string;
  readonly agentHealth: AgentHealth;
  /** The newest that counts for the server, however old; null where there is none. */
  readonly snapshot: Snapshot | null;
  /** The servers of the backend that take requests on its machine, itself included if it does. */
  readonly onItsMachine: readonly string[];
}

/** One server before its agent is asked. */
interface Planned {
  readonly view: ServerView;
  readonly before: Memory;
  readonly url: Result<string, Problem>;
  /** Empty where it is not known. */
  readonly where: string;
  readonly asking: Asking;
}

/** The same with the agent's answer; null where none was waited for, or none has come. */
interface Answered extends Planned {
  readonly answer: TimedAnswer | null;
}

/** Observes the servers of one backend, asking their agents at the same time; remembers between ticks. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #nowMs: () => number;
  readonly #aside: AsideAgents;
  #memories: ReadonlyMap<string, Memory> = new Map();

  /** `nowMs` is a monotonic clock. */
  constructor(client: AgentSource, options: ObserverOptions, nowMs: () => number) {
    this.#options = options;
    this.#nowMs = nowMs;
    this.#aside = new AsideAgents(client, nowMs, options.backends);
  }

  /** Traffic is counted anew from the next reading on. */
  forgetCounters(): void {
    this.#memories = new Map([...this.#memories].map(([server, memory]) => [server, { ...memory, counters: null }]));
  }

  /** `round`: what the tick asks of agents. */
  async observe(
    { servers }: Pick<BackendView, 'servers'>,
    round: AgentRound,
    looks: Looks,
  ): Promise<readonly ObservedServer[]> {
    // at the time of HAProxy's reading: agents may take a while to answer
    const looked = new Map(
      servers.map(({ server }) => [
        server,
        { fast: looks.stateOf(server), inFlightMean: looks.takeInFlightMean(server) },
      ]),
    );
    const planned = servers.map((view) => this.#plan(view));
    const aside = planned.filter(({ asking }) => asking === 'aside');
    this.#aside.ask(aside.map(asAside));
    const answered = await this.#ask(planned, round);
    const remembered = answered.map((each) => ({ ...each, memory: this.#remember(each) }));
    this.#memories = new Map(remembered.map(({ view, memory }) => [view.server, memory]));
    const parts = machineParts(remembered.map(hostedOf));
    return remembered.map((each) => {
      const { fast = undisturbed, inFlightMean = null } = looked.get(each.view.server) ?? {};
      return this.#observed(each, each.memory, parts.get(each.view.server), fast, inFlightMean);
    });
  }

  #plan(view: ServerView): Planned {
    const before = memoryOf(this.#memories.get(view.server), view);
    const { urlTemplate, configuredUrls } = this.#options;
    const url = agentUrl({ name: view.server, address: view.address }, urlTemplate, configuredUrls);
    const isNamed = Object.hasOwn(configuredUrls, view.server);
    const asking = whenAsked(view, { hasUrl: url.ok, isNamed, isAnswering: before.isAnswering });
    return { view, before, url, where: url.ok ? url.value : '', asking };
  }

  async #ask(planned: readonly Planned[], round: AgentRound): Promise<readonly Answered[]> {
    const groups = Map.groupBy(planned, ({ where }) => where);
    return await Promise.all(
      planned.map(async (each) => ({
        ...each,
        answer: await this.#answerFor(each, groups.get(each.where) ?? [], round),
      })),
    );
  }

  async #answerFor(each: Planned, group: readonly Planned[], round: AgentRound): Promise<TimedAnswer | null> {
    if (each.asking === 'never') return null;
    if (each.asking === 'aside') return this.#aside.take(asAside(each));
    const answer = each.url.ok ? await round.ask(each.url.value, each.view.server) : each.url;
    return { answer: aboutSharing(answer, each, group), atMs: this.#nowMs() };
  }

  #remember({ view, before, asking, answer }: Answered): Memory {
    const isFailure = answer !== null && !answer.answer.ok && view.exclusion === null;
    return {
      ...before,
      counters: view.counters,
      held: answer === null ? before.held : holdSnapshot(answer.answer, before.held, answer.atMs),
      failures: before.failures + (isFailure ? 1 : 0),
      isAnswering: answer === null ? asking !== 'never' && before.isAnswering : answer.answer.ok,
    };
  }

  #observed(
    { view, before, where, asking, answer }: Answered,
    memory: Memory,
    part: MachinePart | undefined,
    fast: FastState,
    inFlightMean: number | null,
  ): ObservedServer {
    const flow = flowBetween(before.counters, view.counters);
    const { counters, haproxyStatus, limit: _limit, waiting, ...state } = view;
    const now = this.#nowMs();
    const { held, failures, isAnswering } = memory;
    const failure = answer === null || answer.answer.ok ? null : answer.answer.error;
    const isAsked = view.exclusion === null || isAnswering;
    const { reading, problem } =
      view.exclusion === null
        ? readingOf(where, held, failure, now, this.#options)
        : { reading: restingReading(view.server, held, now, this.#options), problem: null };
    const { machine = where, cores = null, neighbours = [] } = part ?? {};
    return {
      observation: {
        ...state,
        machine,
        agentUrl: asking === 'never' ? '' : where,
        agent: withCores(reading, cores),
        traffic: trafficBetween(before.counters, counters),
        flow: flow === null ? null : { ...flow, inFlightMean, queued: flow.queued + waiting },
        fast,
        elsewhere: null,
      },
      haproxyStatus,
      agentHealth: { url: where, isAsked, failures, problem, otherVersion: otherVersionOf(where, held?.snapshot) },
      snapshot: held?.snapshot ?? null,
      onItsMachine: neighbours,
    };
  }
}

function asAside({ view, where }: Planned): AsideServer {
  const { server, address, port, exclusion } = view;
  return { server, url: where, facts: [where, address, port, exclusion].join(' ') };
}

function hostedOf({ view, where, asking, memory }: Answered & { readonly memory: Memory }) {
  return {
    server: view.server,
    agentUrl: asking === 'never' ? '' : where,
    isWorking: view.exclusion === null || view.takesRequests,
    placement: memory.held?.snapshot ?? null,
    placedAtMs: memory.held?.sampledAtMs ?? 0,
  };
}

/** An agent with another server's --name is a mistake of another kind where all of its servers ask the same agent. */
function aboutSharing(
  answer: Result<Snapshot, Problem>,
  { where }: Planned,
  group: readonly Planned[],
): Result<Snapshot, Problem> {
  if (answer.ok || answer.error.code !== 'agent-wrong-server' || group.length === 1) return answer;
  const names = group.map(({ view }) => view.server);
  return { ok: false, error: agentOfSeveral(where, names, answer.error.got) };
}

function otherVersionOf(url: string, snapshot: Snapshot | undefined): Problem | null {
  if (snapshot === undefined || snapshot.version === snapshotVersion) return null;
  return agentOfOtherVersion(url, snapshotVersion, snapshot.version);
}

function withCores(reading: AgentReading, cores: number | null): AgentReading {
  return reading.state === 'fresh' && cores !== null ? { ...reading, effectiveCores: cores } : reading;
}
