import type { Problem } from '../../shared/contract/problem.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import type { AgentSource } from './agent-client.ts';

/** An agent that is asked aside is asked again after this many ticks, or when its server has changed. */
export const asideEveryTicks = 15;
/** Most that are asked at the same time, of all backends, so that a thousand empty slots cost little. */
const mostAtOnce = 32;

/** A server whose agent no tick waits for. */
export interface AsideServer {
  readonly server: string;
  readonly url: string;
  /** Its address, port and state: with another text it is asked at once, and an answer to the text before does not count. */
  readonly facts: string;
}

/** An answer, and when it came on the controller's monotonic clock, in ms. */
export interface TimedAnswer {
  readonly answer: Result<Snapshot, Problem>;
  readonly atMs: number;
}

interface Asked {
  readonly facts: string;
  readonly atTick: number;
  /** null while it is on its way, and when it was taken. */
  answer: TimedAnswer | null;
}

/** Asks agents that no tick waits for: each rarely, few at a time. Their answers count from the next tick on. */
export class AsideAgents {
  readonly #client: AgentSource;
  readonly #nowMs: () => number;
  readonly #mostAtOnce: number;
  #asked: ReadonlyMap<string, Asked> = new Map();
  #tick = 0;
  #onTheirWay = 0;

  /** `backends`: how many share what may be asked at the same time; each may ask one. */
  constructor(client: AgentSource, nowMs: () => number, backends: number) {
    this.#client = client;
    this.#mostAtOnce = Math.max(1, Math.floor(mostAtOnce / backends));
    this.#nowMs = nowMs;
  }

  /** The server's newest answer, once; null: none since the last call. */
  take({ server, facts }: Pick<AsideServer, 'server' | 'facts'>): TimedAnswer | null {
    const asked = this.#asked.get(server);
    if (asked === undefined || asked.facts !== facts) return null;
    const { answer } = asked;
    asked.answer = null;
    return answer;
  }

  /** Once a tick: asks those of these servers that are due, longest waiting first, and waits for none. Others are forgotten. */
  ask(servers: readonly AsideServer[]): void {
    this.#tick += 1;
    const known = new Map<string, Asked>();
    for (const { server, facts } of servers) {
      const asked = this.#asked.get(server);
      if (asked?.facts === facts) known.set(server, asked);
    }
    const askedAt = ({ server }: AsideServer) => known.get(server)?.atTick ?? Number.NEGATIVE_INFINITY;
    const due = servers.filter((each) => this.#tick - askedAt(each) >= asideEveryTicks);
    const next = due.toSorted((a, b) => (askedAt(a) < askedAt(b) ? -1 : Number(askedAt(a) > askedAt(b))));
    const chosen = next.slice(0, this.#mostAtOnce - this.#onTheirWay);
    if (chosen.length > 0) {
      const deadline = this.#client.deadline();
      for (const each of chosen) known.set(each.server, this.#start(each, deadline));
    }
    this.#asked = known;
  }

  #start({ server, url, facts }: AsideServer, deadline: AbortSignal): Asked {
    const asked: Asked = { facts, atTick: this.#tick, answer: null };
    this.#onTheirWay += 1;
    void this.#client.fetch(url, server, deadline).then((answer) => {
      this.#onTheirWay -= 1;
      asked.answer = { answer, atMs: this.#nowMs() };
    });
    return asked;
  }
}
