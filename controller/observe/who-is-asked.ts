import { BlockList, isIP } from 'node:net';
import type { ServerView } from './haproxy-view.ts';

/** In the tick, which waits for the answer; beside the ticks, and rarely; or not at all. */
export type Asking = 'tick' | 'aside' | 'never';

/** Addresses that every machine has: HAProxy's own machine would answer for the server. */
const ownMachine = new BlockList();
ownMachine.addSubnet('127.0.0.0', 8, 'ipv4');
ownMachine.addAddress('0.0.0.0', 'ipv4');
ownMachine.addAddress('::1', 'ipv6');
ownMachine.addAddress('::', 'ipv6');

/**
 * When a server's agent is asked. Servers in rotation are asked at every tick. The others need no answer: they may be slots of
 * an ingress controller, whose addresses lead nowhere, so a tick waits for them only while they answer. `isNamed`: the
 * configuration names the agent, so its URL does not come from the server's address. Pure.
 */
export function whenAsked(
  view: Pick<ServerView, 'exclusion' | 'address' | 'haproxyStatus'>,
  agent: { readonly hasUrl: boolean; readonly isNamed: boolean; readonly isAnswering: boolean },
): Asking {
  if (view.exclusion === null) return 'tick';
  if (!agent.hasUrl) return 'never';
  if (!agent.isNamed && isInMaintenance(view) && isOwnMachine(view.address)) return 'never';
  return agent.isAnswering ? 'tick' : 'aside';
}

/** A slot may be left alone for another reason than its maintenance: its configured weight may be 0. */
function isInMaintenance({ exclusion, haproxyStatus }: Pick<ServerView, 'exclusion' | 'haproxyStatus'>): boolean {
  return exclusion === 'maintenance' || haproxyStatus.startsWith('MAINT');
}

function isOwnMachine(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && ownMachine.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
