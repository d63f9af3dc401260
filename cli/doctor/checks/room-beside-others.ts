import { maxWeight } from '../../../shared/contract/limits.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, listed, warning } from '../finding.ts';

/** With fewer points of weight a server, one more or less moves a share by more than 5 %. */
const leastMean = 20;
/** Above this mean there is no room to raise one server's weight while another one's falls. */
const largestMean = maxWeight / 2;

/** Beside a live server that haweight leaves alone, the weights of the others keep the sum of their configured weights. */
export function checkRoomBesideOthers({ view }: Pick<BackendFacts, 'view'>): Finding[] {
  const others = view.servers.filter(({ exclusion, takesRequests }) => exclusion !== null && takesRequests);
  const ours = view.servers.filter(({ exclusion }) => exclusion === null);
  const beside = others.filter(({ currentWeight }) => currentWeight > 0).map(({ server }) => server);
  if (beside.length === 0 || ours.length < 2) return [];
  const mean = sum(ours.map(({ configuredWeight }) => configuredWeight)) / ours.length;
  if (mean >= leastMean && mean <= largestMean) return [];
  const detail = `${listed(beside)} takes requests and is left alone, so the other weights keep the sum of the configured ones; at ${Math.round(mean)} a server these leave little to balance with`;
  return [
    warning(
      `configured weights of ${view.backend}`,
      detail,
      'Give every server line a weight of about 100, in proportion',
    ),
  ];
}
