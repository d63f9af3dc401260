import type { Observation } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import type { AgentSource } from './agent-client.ts';
import { type HeldSnapshot, holdSnapshot, type ReadingOptions, readingOf } from './agent-readings.ts';
import { agentUrl } from './agent-url.ts';
import type { BackendView, ServerView } from './haproxy-view.ts';
import { inBatches } from './in-batches.ts';
import { type Counters, refusedTicks, trafficBetween } from './traffic.ts';

export interface ObserverOptions extends ReadingOptions {
  /** Template of agents' URLs, with {address} or {server}. */
  readonly urlTemplate: string;
  /** Server to URL, over the template. */
  readonly configuredUrls: Readonly<Record<string, string>>;
}

/** What one server's agent was asked and what came of it. */
export interface AgentContact {
  readonly url: string;
  /** Failures since the start, this tick's included. */
  readonly failures: number;
  readonly problem: Problem | null;
}

/** One server of one tick: HAProxy's view, the observation for the policies, and the agent's contact. */
export interface Sighting {
  readonly view: ServerView;
  readonly observation: Observation;
  readonly contact: AgentContact;
}

interface Memory {
  readonly counters: Counters | null;
  /** Ticks in a row in which it did nothing but refuse. */
  readonly refused: number;
  readonly held: HeldSnapshot | null;
  readonly failures: number;
}

/** Turns one backend's view into sightings, asking every server's agent at the same time; remembers between ticks. */
export class Observer {
  readonly #client: AgentSource;
  readonly #options: ObserverOptions;
  readonly #nowMs: () => number;
  #memories: ReadonlyMap<string, Memory> = new Map();

  /** `nowMs` is a monotonic clock. */
  constructor(client: AgentSource, options: ObserverOptions, nowMs: () => number) {
    this.#client = client;
    this.#options = options;
    this.#nowMs = nowMs;
  }

  /** Traffic is counted anew from the next reading on. */
  forgetCounters(): void {
    this.#memories = new Map([...this.#memories].map(([server, memory]) => [server, { ...memory, counters: null }]));
  }

  async observe({ servers }: BackendView): Promise<readonly Sighting[]> {
    const seen = await inBatches(servers, (batch) => {
      const deadline = this.#client.deadline();
      return batch.map((view) => this.#see(view, deadline));
    });
    this.#memories = new Map(seen.map(({ sighting, memory }) => [sighting.view.server, memory]));
    return seen.map(({ sighting }) => sighting);
  }

  async #see(view: ServerView, deadline: AbortSignal): Promise<{ sighting: Sighting; memory: Memory }> {
    const before = this.#memories.get(view.server);
    const url = agentUrl(
      { name: view.server, address: view.address },
      this.#options.urlTemplate,
      this.#options.configuredUrls,
    );
    const answer: Result<Snapshot, Problem> = url.ok ? await this.#client.fetch(url.value, view.server, deadline) : url;
    const now = this.#nowMs();
    const held = holdSnapshot(answer, before?.held ?? null, now);
    const failure = answer.ok ? null : answer.error;
    const failures = (before?.failures ?? 0) + (answer.ok ? 0 : 1);
    const agent = readingOf(held, failure, now, this.#options);
    const { counters, haproxyStatus: _, ...rest } = view;
    const refused = refusedTicks(before?.refused ?? 0, before?.counters ?? null, counters);
    const observation: Observation = {
      ...rest,
      agent,
      traffic: trafficBetween(before?.counters ?? null, counters, refused),
    };
    const where = url.ok ? url.value : '';
    // one that answers what is too old is as much in need of somebody as one that does not answer
    const problem = failure === null && agent.state === 'stale' ? staleProblem(where, agent.detail) : failure;
    const contact = { url: where, failures, problem };
    return { sighting: { view, observation, contact }, memory: { counters, refused, held, failures } };
  }
}

function staleProblem(where: string, what: string): Problem {
  return { code: 'agent-stale', where, what, fix: 'Restart the agent, and look at its log.' };
}
