import type { ServerView } from '../../../controller/index.ts';
import { type Exclusion, exclusions } from '../../../shared/contract/observation.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, fine, listed, warning } from '../finding.ts';

/** Left alone because HAProxy's configuration, or its operator, means them to be. */
const intended: ReadonlySet<Exclusion> = new Set<Exclusion>(['maintenance', 'backup', 'configured-zero']);

/** Which servers are in rotation, and why the others are left alone. */
export function checkRotation({ view: { backend, servers } }: Pick<BackendFacts, 'view'>): Finding[] {
  const inRotation = servers.filter(({ exclusion }) => exclusion === null);
  const check = `backend ${backend}`;
  const count = `${inRotation.length} of ${servers.length} servers in rotation`;
  const isIntended = servers.every(({ exclusion }) => exclusion === null || intended.has(exclusion));
  const whole =
    inRotation.length > 0 || (servers.length > 0 && isIntended)
      ? fine(check, inRotation.length > 0 ? count : `${count}: no weight to set`)
      : warning(check, `${count}: no weight to set`);
  return [whole, ...leftAlone(servers), ...atZero(inRotation)];
}

function leftAlone(servers: readonly ServerView[]): Finding[] {
  const byReason = Map.groupBy(servers, ({ exclusion }) => exclusion);
  return [...byReason].flatMap(([exclusion, group]): Finding[] => {
    // checkServers says it, with the fix
    if (exclusion === null || exclusion === 'agent-check') return [];
    const names = group.map(({ server }) => server);
    const check = `${names.length === 1 ? 'server' : 'servers'} ${listed(names)}`;
    const detail = `left alone: ${exclusions[exclusion]}`;
    return [intended.has(exclusion) ? fine(check, detail) : warning(check, detail)];
  });
}

function atZero(inRotation: readonly ServerView[]): Finding[] {
  const names = inRotation.filter(({ currentWeight }) => currentWeight === 0).map(({ server }) => server);
  return names.length === 0 ? [] : [warning('weights', `at 0 now: ${listed(names)}`)];
}
