import { machineParts } from '../../../controller/index.ts';
import type { AskedAgent, BackendFacts } from '../facts.ts';
import { type Finding, fine, listed } from '../finding.ts';

/** Servers on one machine share its cores, by the same rule as in the controller. */
export function checkSharedMachines({ agents }: Pick<BackendFacts, 'agents'>): Finding[] {
  const parts = machineParts(agents.map(hostedOf));
  const machineOf = ({ server }: AskedAgent) => parts.get(server)?.machine ?? '';
  const byMachine = Map.groupBy(
    agents.filter((each) => machineOf(each) !== ''),
    machineOf,
  );
  return [...byMachine.values()].filter((group) => group.length > 1).map(sharing);
}

function hostedOf({ server, url, answer }: AskedAgent) {
  return { server, agentUrl: url, isWorking: true, placement: answer.ok ? answer.value : null, placedAtMs: 0 };
}

function sharing(group: readonly AskedAgent[]): Finding {
  const names = listed(group.map(({ server }) => server));
  const snapshot = group.flatMap(({ answer }) => (answer.ok ? [answer.value] : []))[0];
  if (snapshot === undefined) return fine('machines', `${names} have the same agent, so they share its cores`);
  const { host, machineCores, effectiveCores } = snapshot;
  const count = new Set(group.map(({ url }) => url)).size;
  const asked = count === 1 ? 'one agent' : `${count} agents`;
  return fine(`machine ${host}`, `${names} share its ${machineCores ?? effectiveCores} cores (${asked})`);
}
