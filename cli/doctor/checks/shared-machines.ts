import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, fine, listed } from '../finding.ts';

/** Servers on one machine share its cores, so haweight counts the machine once. */
export function checkSharedMachines(facts: Pick<BackendFacts, 'agents'>): Finding[] {
  const snapshots = snapshotsOf(facts);
  const byMachine = Map.groupBy(snapshots, ({ url, snapshot }) => snapshot.machine ?? url);
  return [...byMachine.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length < 2) return [];
    const names = listed(group.map(({ server }) => server));
    const { host, machineCores, effectiveCores } = first.snapshot;
    const agents = new Set(group.map(({ url }) => url)).size;
    const asked = agents === 1 ? 'one agent' : `${agents} agents`;
    return [fine(`machine ${host}`, `${names} share its ${machineCores ?? effectiveCores} cores (${asked})`)];
  });
}
