import type { ServerView } from '../../../controller/index.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, fine, listed, warning } from '../finding.ts';

const observe = '`observe layer4 error-limit 3 on-error mark-down`';

/**
 * Whether HAProxy itself takes a server out that refuses connections, which is faster than checks and than any controller. HAProxy
 * does not show `retry-on` and `option redispatch`, so these are only named.
 */
export function checkFastPath({ view, observed }: Pick<BackendFacts, 'view' | 'observed'>): Finding[] {
  if (observed === undefined) return [];
  const concerned = view.servers.filter(
    ({ exclusion }) => exclusion === null || exclusion === 'down' || exclusion === 'drain',
  );
  const unchecked = concerned.filter(isUnchecked);
  const blind = concerned.filter((each) => !isUnchecked(each) && !observed.has(each.server));
  const check = `fast path of ${view.backend}`;
  const found: Finding[] = [];
  if (unchecked.length > 0) {
    const detail = `${namesOf(unchecked)}: not checked, so HAProxy sends requests to a server that is gone`;
    found.push(warning(check, detail, `Add \`check\` and ${observe} to the server lines`));
  }
  if (blind.length > 0) {
    const detail = `${namesOf(blind)}: a server that refuses connections gets requests until its checks have failed`;
    const fix = `Add ${observe} to the server lines, and \`retry-on\` to the backend (docs/haproxy.md: reasons and dangers)`;
    found.push(warning(check, detail, fix));
  }
  if (found.length > 0 || concerned.length === 0) return found;
  const detail = 'HAProxy observes the connections to all servers (it does not show `retry-on` and `redispatch`)';
  return [fine(check, detail)];
}

function isUnchecked({ haproxyStatus }: ServerView): boolean {
  return haproxyStatus === 'no check';
}

function namesOf(servers: readonly ServerView[]): string {
  return listed(servers.map(({ server }) => server));
}
