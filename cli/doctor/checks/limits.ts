import { type ServerView, scales } from '../../../controller/index.ts';
import { weightSupport } from '../../../haproxy/algorithm.ts';
import type { ServerStatus } from '../../../shared/contract/status.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, fine, listed, warning } from '../finding.ts';

const lines = '`fullconn 10000` and `default-server minconn 2 maxconn 10000`';

/**
 * Whether HAProxy's configuration lets limits scale with the load. HAProxy does not show `minconn`. Nothing is said where requests
 * are bound to servers by a hash, or in tcp mode, where limits count connections.
 */
export function checkLimits({ view, shown }: Pick<BackendFacts, 'view' | 'shown'>): Finding[] {
  const { backend, servers, fullconn, isHttp, algorithm } = view;
  const concerned = servers.filter(({ exclusion }) => exclusion === null || exclusion === 'down');
  if (!isHttp || concerned.length === 0 || weightSupport(algorithm) === 'depends-on-hash-type') return [];
  const check = `limits of ${backend}`;
  if (shown?.status.servers.some(hasOurs) === true) return [fine(check, 'set by haweight: see `haweight explain`')];
  const other = concerned.filter(({ limit }) => !scales({ configured: limit, fullconn }));
  if (other.length === 0) {
    const detail = `\`maxconn\` is \`fullconn\` (${fullconn}): they scale with the load where the server lines have \`minconn\`, which HAProxy does not show`;
    return [fine(check, detail)];
  }
  if (other.length < concerned.length) {
    const detail = `${namesOf(other)}: \`maxconn\` is not \`fullconn\` (${fullconn}), as it is at the others, so haweight limits none`;
    return [warning(check, detail, `Say ${lines} for all of them (docs/limits.md)`)];
  }
  const fixed = other.filter(({ limit }) => limit !== null);
  const what = fixed.length === 0 ? 'none: requests wait in the servers' : `${namesOf(fixed)}: fixed by \`maxconn\``;
  return [fine(check, `${what}; with ${lines} they can scale with the load (docs/limits.md: reasons and dangers)`)];
}

function hasOurs({ limit }: ServerStatus): boolean {
  return limit !== null && limit.now === limit.limit && limit.reason !== null && limit.reason.code !== 'open';
}

function namesOf(servers: readonly ServerView[]): string {
  return listed(servers.map(({ server }) => server));
}
