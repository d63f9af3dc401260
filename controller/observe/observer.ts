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

/** How asking one server's agent goes. */
export interface AgentHealth {
  /** Empty where it is not known. */
  readonly url: string;
  /** Failures since the start, this tick's included. */
  readonly failures: number;
  readonly problem: Problem | null;
}

/** One server at one tick: the observation that is decided on, and what only the status shows. */
export interface ObservedServer {
  readonly observation: Observation;
  /** As HAProxy words it: UP, DOWN, MAINT and more. */
  readonly haproxyStatus: string;
  readonly agentHealth: AgentHealth;
}

interface Memory {
  readonly counters: Counters | null;
  /** Ticks in a row in which it did nothing but refuse. */
  readonly refused: number;
  readonly held: HeldSnapshot | null;
  readonly failures: number;
}

const newcomer: Memory = { counters: null, refused: 0, held: null, failures: 0 };

/** Observes the servers of one backend, asking all agents at the same time; remembers between ticks. */
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

  async observe({ servers }: BackendView): Promise<readonly ObservedServer[]> {
    const observed = await inBatches(servers, (batch) => {
      const deadline = this.#client.deadline();
      return batch.map((view) => this.#observeServer(view, deadline));
    });
    this.#memories = new Map(observed.map(({ server, memory }) => [server.observation.server, memory]));
    return observed.map(({ server }) => server);
  }

  async #observeServer(view: ServerView, deadline: AbortSignal): Promise<{ server: ObservedServer; memory: Memory }> {
    const { counters, haproxyStatus, ...state } = view;
    const before = this.#memories.get(view.server) ?? newcomer;
    const { urlTemplate, configuredUrls } = this.#options;
    const url = agentUrl({ name: view.server, address: view.address }, urlTemplate, configuredUrls);
    const answer: Result<Snapshot, Problem> = url.ok ? await this.#client.fetch(url.value, view.server, deadline) : url;
    const now = this.#nowMs();
    const held = holdSnapshot(answer, before.held, now);
    const where = url.ok ? url.value : '';
    const { reading, problem } = readingOf(where, held, answer.ok ? null : answer.error, now, this.#options);
    const refused = refusedTicks(before.refused, before.counters, counters);
    const traffic = trafficBetween(before.counters, counters, refused);
    const failures = before.failures + (answer.ok ? 0 : 1);
    return {
      server: {
        observation: { ...state, machine: where, agentUrl: where, agent: reading, traffic },
        haproxyStatus,
        agentHealth: { url: where, failures, problem },
      },
      memory: { counters, refused, held, failures },
    };
  }
}
