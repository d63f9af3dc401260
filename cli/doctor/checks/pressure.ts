import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { spacedPercent } from '../../../shared/terminal/format.ts';
import { type BackendFacts, snapshotsOf } from '../facts.ts';
import { type Finding, warning } from '../finding.ts';

/** Tasks that wait this share of the time are a shortage that users notice. */
const notable = 0.1;
const resources = ['cpu', 'memory', 'io'] as const;

/** Real shortages, by the kernel's own account: pressure stall information, and processes killed for memory. */
export function checkPressure(facts: Pick<BackendFacts, 'agents'>): Finding[] {
  return snapshotsOf(facts).flatMap(({ server, snapshot }) => [
    ...stalls(server, snapshot.pressure),
    ...killed(server, snapshot.memoryEvents?.oomKill ?? 0),
  ]);
}

function stalls(server: string, pressure: Snapshot['pressure']): Finding[] {
  return resources.flatMap((resource) => {
    const some = pressure?.[resource]?.some ?? 0;
    if (some < notable) return [];
    const detail = `some tasks waited for ${resource} for ${spacedPercent(some)} of the last 10 s`;
    return [warning(`pressure on ${server}`, detail)];
  });
}

function killed(server: string, count: number): Finding[] {
  if (count === 0) return [];
  const detail = `the kernel killed ${count} ${count === 1 ? 'process' : 'processes'} of its group for want of memory`;
  return [warning(`memory of ${server}`, detail, 'Raise the memory limit, or find the leak')];
}
