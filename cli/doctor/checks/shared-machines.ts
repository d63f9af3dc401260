import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, fine, listed } from '../finding.ts';

/** Servers on one machine share its cores, so haweight counts the machine once. */
export function checkSharedMachines({ agents }: Pick<BackendFacts, 'agents'>): Finding[] {
  const known = agents.filter(({ url }) => url !== '');
  const byMachine = Map.groupBy(known, ({ url, answer }) => (answer.ok ? (answer.value.machine ?? url) : url));
  return [...byMachine.values()].flatMap((group) => {
    if (group.length < 2) return [];
    const names = listed(group.map(({ server }) => server));
    const [first] = snapshotsOf({ agents: group });
    if (first === undefined) return [fine('machines', `${names} have the same agent, so they share its cores`)];
    const { host, machineCores, effectiveCores } = first.snapshot;
    const count = new Set(group.map(({ url }) => url)).size;
    const asked = count === 1 ? 'one agent' : `${count} agents`;
    return [fine(`machine ${host}`, `${names} share its ${machineCores ?? effectiveCores} cores (${asked})`)];
  });
}
