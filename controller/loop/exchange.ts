import type { HaproxyInfo } from '../../haproxy/runtime-api.ts';
import { formatProblem } from '../../shared/contract/problem.ts';
import type { PeerStatus } from '../../shared/contract/status.ts';
import {
  type BackendTraffic,
  type ControllerTraffic,
  type CountingHaproxy,
  trafficVersion,
} from '../../shared/contract/traffic.ts';
import type { BackendView } from '../observe/haproxy-view.ts';
import type { ObservedServer } from '../observe/observer.ts';
import type { PeerHealth, Peers } from '../observe/peers/peers.ts';

/** What the controller tells others of one backend. Servers whose row could not be read are left out. Pure. */
export function countedIn({ backend, servers }: BackendView, readAtMs: number): BackendTraffic {
  const known = servers.filter(({ counters }) => counters.isUnknown !== true);
  return {
    backend,
    readAtMs,
    servers: known.map(({ server, address, port, counters: { ok, clientErrors, started }, inFlight }) => {
      return { server, address, port, ok, clientErrors, started, inFlight };
    }),
  };
}

/** The process of HAProxy, as others recognise it. Pure. */
export function countingHaproxy({ node = '', pid, startedAtSeconds }: HaproxyInfo): CountingHaproxy {
  return { node, pid, startedAtSeconds: startedAtSeconds ?? null };
}

/** All that the controller tells others. Pure. */
export function makeTraffic(
  instance: string,
  periodMs: number,
  haproxy: HaproxyInfo | null,
  ...counted: readonly (BackendTraffic | null)[]
): ControllerTraffic {
  const counting = haproxy === null ? null : countingHaproxy(haproxy);
  return {
    version: trafficVersion,
    instance,
    periodMs,
    haproxy: counting,
    backends: counted.filter((each) => each !== null),
  };
}

/** The servers, each with what the HAProxys of other controllers did with it. */
export function withElsewhere(
  servers: readonly ObservedServer[],
  backend: string,
  peers: Peers,
  elapsedMs: number,
): readonly ObservedServer[] {
  const own = servers.map(({ observation }) => observation);
  const told = peers.elsewhere(backend, own, elapsedMs);
  if (told === null) return servers;
  return servers.map((each) => {
    const elsewhere = told.get(each.observation.server) ?? null;
    return { ...each, observation: { ...each.observation, elsewhere } };
  });
}

/** How asking the peers goes, as the status shows it. Pure. */
export function peerStatuses(peers: readonly PeerHealth[]): PeerStatus[] {
  return peers.map(({ url, failures, problem }) => ({
    url,
    counts: problem === null,
    code: problem?.code ?? null,
    detail: problem === null ? null : formatProblem(problem),
    failures,
  }));
}
