import { type Finding, warning } from '../finding.ts';

/** HAProxy 2.4 with `nbproc`: each process has weights and counters of its own. `processes`: `Nbproc` of `show info`. */
export function checkProcesses(processes: number): Finding[] {
  if (processes <= 1) return [];
  const detail = `HAProxy runs ${processes} processes, and a socket reaches one of them: the others keep their weights`;
  return [warning('processes', detail, 'Use nbthread instead of nbproc in haproxy.cfg')];
}
