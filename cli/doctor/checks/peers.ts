import type { Problem } from '../../../shared/contract/problem.ts';
import { peerOfSameHaproxy } from '../../../shared/contract/problems/peer.ts';
import type { Result } from '../../../shared/contract/result.ts';
import type { PeerStatus } from '../../../shared/contract/status.ts';
import { type ControllerTraffic, type CountingHaproxy, isOneHaproxy } from '../../../shared/contract/traffic.ts';
import { type Finding, fine, listed, warning, warningOf } from '../finding.ts';

/** A peer that was asked. */
export interface AskedPeer {
  readonly url: string;
  readonly answer: Result<ControllerTraffic, Problem>;
}

/** Whether a peer's counters can be learned from. Without them haweight works on, so nothing here is a failure. Pure. */
export function checkPeer(
  { url, answer }: AskedPeer,
  haproxy: CountingHaproxy | null,
  backends: readonly string[],
): Finding {
  const check = `peer ${url}`;
  if (!answer.ok) return warningOf(check, answer.error);
  const { haproxy: theirs, backends: told } = answer.value;
  if (theirs === null) return warning(check, 'it answers, but has not read its HAProxy yet');
  if (haproxy !== null && isOneHaproxy(theirs, haproxy)) return warningOf(check, peerOfSameHaproxy(url, null));
  const names = told.map(({ backend }) => backend);
  if (names.some((name) => backends.includes(name))) return fine(check, `answers for ${listed(names)}`);
  const fix = 'Servers are the same only in backends of the same name.';
  return warning(check, `it has none of these backends: ${listed(backends)}, but ${listed(names) || 'none'}`, fix);
}

/** The same by what a running controller says of a peer that it asks. Pure. */
export function checkShownPeer({ url, counts, detail }: PeerStatus): Finding {
  const check = `peer ${url}`;
  return counts
    ? fine(check, 'the controller learns from its counters')
    : warning(check, detail ?? 'it does not count');
}
