import type { Observation } from '../../../shared/contract/observation.ts';

/** The same text for servers that one agent measures: its URL and what it says now. A silent agent speaks for no other server. */
export function agentOf({ server, agentUrl, agent }: Observation): string {
  if (agentUrl === '' || agent.state === 'stale') return `server ${server}`;
  const { cpu, ram, bandwidth, threads, tcpQueues } = agent.utilisation;
  return `${agentUrl} ${cpu} ${ram} ${bandwidth} ${threads} ${tcpQueues}`;
}

/** Whether the server had requests since the last tick, or may have had some. */
export function hadTraffic({ traffic, inFlight }: Observation): boolean {
  return inFlight > 0 || traffic === null || traffic.ok + traffic.errors > 0;
}
