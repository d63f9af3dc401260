import type { Elsewhere } from '../../../shared/contract/observation.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { peerIsSelf, peerOfSameHaproxy } from '../../../shared/contract/problems/peer.ts';
import { type CountingHaproxy, isOneHaproxy } from '../../../shared/contract/traffic.ts';
import { matched, type OwnServer, type Sums } from './matching.ts';
import { Peer } from './peer.ts';
import type { PeerSource } from './peer-client.ts';

/** How long a tick waits for peers beside its agents, in ms. What comes later counts at the next tick. */
const patienceMs = 100;

/** Which peers there are, and how they are asked; null only where there are none. */
export type NamedPeers =
  | { readonly urls: readonly string[]; readonly source: PeerSource }
  | { readonly urls: readonly []; readonly source: null };

/** Who asks. */
export interface Self {
  readonly instance: string;
  readonly haproxy: CountingHaproxy;
}

/** How asking one peer goes. */
export interface PeerHealth {
  readonly url: string;
  /** Answers that could not be had or used, since the start. */
  readonly failures: number;
  /** Why its counters are left out; null: they count. */
  readonly problem: Problem | null;
}

/**
 * The other controllers, and what their HAProxys do with the same servers. No peer is waited for longer than a moment, and one
 * that is silent, invalid, ourselves or at the same HAProxy is as none.
 */
export class Peers {
  readonly #peers: readonly Peer[];
  readonly #nowMs: () => number;
  #self: Self | null = null;
  /** What rounding has left, by backend and server. */
  #rests: ReadonlyMap<string, ReadonlyMap<string, Sums>> = new Map();

  /** `nowMs` is a monotonic clock. */
  constructor({ urls, source }: NamedPeers, nowMs: () => number) {
    this.#peers = source === null ? [] : urls.map((url) => new Peer(url, source, nowMs));
    this.#nowMs = nowMs;
  }

  /** Asks all; resolves when those have answered that mostly do so soon. */
  async ask(self: Self, stopped?: AbortSignal): Promise<void> {
    this.#self = self;
    const asked = this.#peers.map((peer) => ({ isPrompt: peer.isPrompt, answered: peer.ask(stopped) }));
    await soon(asked.filter(({ isPrompt }) => isPrompt).map(({ answered }) => answered));
  }

  get health(): readonly PeerHealth[] {
    return this.#judged().map(({ peer, problem }) => ({ url: peer.url, failures: peer.failures, problem }));
  }

  /**
   * What the HAProxys of the peers did in this time with the servers of one of our backends, in whole numbers whose sums are
   * right over many ticks. null: no peer tells of this backend.
   */
  elsewhere(backend: string, servers: readonly OwnServer[], elapsedMs: number): ReadonlyMap<string, Elsewhere> | null {
    const node = this.#self?.haproxy.node ?? '';
    const told = this.#judged().flatMap(({ peer, problem }) => {
      const rates = problem === null ? peer.ratesOf(backend) : null;
      if (rates === null) return [];
      return [matched(servers, { isSameHost: node !== '' && peer.haproxy?.node === node, servers: rates }, elapsedMs)];
    });
    if (told.length === 0) return null;
    const before = this.#rests.get(backend);
    const counts = servers.flatMap(({ server }) => {
      const parts = told.flatMap((each) => each.get(server) ?? []);
      return parts.length === 0 ? [] : [[server, counted(parts, before?.get(server))] as const];
    });
    this.#rests = new Map([...this.#rests, [backend, new Map(counts.map(([server, { rest }]) => [server, rest]))]]);
    return new Map(counts.map(([server, { whole }]) => [server, whole]));
  }

  /** Two peers at one HAProxy count the same requests: the first counts. */
  #judged(): readonly { readonly peer: Peer; readonly problem: Problem | null }[] {
    const self = this.#self;
    const counting: { readonly url: string; readonly haproxy: CountingHaproxy }[] = [];
    return this.#peers.map((peer) => {
      const { url, haproxy } = peer;
      const isSelf = self !== null && peer.instance === self.instance;
      const problem = isSelf ? peerIsSelf(url) : (peer.problemAt(this.#nowMs()) ?? sameHaproxy(peer, self, counting));
      if (problem === null && haproxy !== null) counting.push({ url, haproxy });
      return { peer, problem };
    });
  }
}

function sameHaproxy(
  { url, haproxy }: Peer,
  self: Self | null,
  counting: readonly { readonly url: string; readonly haproxy: CountingHaproxy }[],
): Problem | null {
  if (haproxy === null) return null;
  if (self !== null && isOneHaproxy(haproxy, self.haproxy)) return peerOfSameHaproxy(url, null);
  const other = counting.find((each) => isOneHaproxy(haproxy, each.haproxy));
  return other === undefined ? null : peerOfSameHaproxy(url, other.url);
}

/** The sum in whole numbers, and what is left of it for the next tick. */
function counted(parts: readonly Sums[], before: Sums = { ok: 0, started: 0, inFlight: 0 }) {
  const exact = (field: keyof Sums) => parts.reduce((total, part) => total + part[field], 0);
  const owed = { ok: exact('ok') + before.ok, started: exact('started') + before.started };
  const whole = { ok: floor(owed.ok), started: floor(owed.started), inFlight: Math.round(exact('inFlight')) };
  return { whole, rest: { ok: owed.ok - whole.ok, started: owed.started - whole.started, inFlight: 0 } };
}

/** Sums of fractions may fall short of a whole number. */
function floor(value: number): number {
  return Math.max(0, Math.floor(value + 1e-6));
}

async function soon(asked: readonly Promise<void>[]): Promise<void> {
  if (asked.length === 0) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  await Promise.race([Promise.all(asked), late]);
  clearTimeout(timer);
}
