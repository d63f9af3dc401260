import { type Finding, listed, warning } from '../finding.ts';

/** Servers whose weight HAProxy takes from SRV answers. `srvRecord`: column `srvrecord` of `show servers state`, or null. */
export function checkSrvWeights(
  servers: readonly { readonly server: string; readonly srvRecord: string | null }[],
): Finding[] {
  const byRecord = Map.groupBy(
    servers.filter(({ srvRecord }) => srvRecord !== null),
    ({ srvRecord }) => srvRecord,
  );
  return [...byRecord].map(([record, group]) => {
    const names = listed(group.map(({ server }) => server));
    const detail = `HAProxy sets the weights of ${names} itself at every answer of DNS for ${record}, unless their line says \`resolve-opts ignore-weight\`, which HAProxy does not show`;
    return warning('SRV weights', detail, 'Add `resolve-opts ignore-weight` to the server-template line');
  });
}
