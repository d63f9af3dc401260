import type { Problem } from '../../shared/contract/problem.ts';
import { serversFromSrvRecord, serversUnderAgentCheck } from '../../shared/contract/problems/backend.ts';
import type { BackendView } from './haproxy-view.ts';

/** Servers whose weight HAProxy may set from an SRV record: one problem for all of them; null: there is none. */
export function srvRecordProblem({ backend, srvRecords }: Pick<BackendView, 'backend' | 'srvRecords'>): Problem | null {
  const [record] = srvRecords.values();
  return record === undefined ? null : serversFromSrvRecord(backend, [...srvRecords.keys()], record);
}

/** What keeps single servers of the backend from being managed, or their weights from lasting; the others go on. */
export function viewProblems(view: BackendView): readonly Problem[] {
  const { backend, servers, problems } = view;
  const srv = srvRecordProblem(view);
  const checked = servers.filter(({ exclusion }) => exclusion === 'agent-check').map(({ server }) => server);
  return [
    ...(checked.length === 0 ? [] : [serversUnderAgentCheck(backend, checked)]),
    ...problems.values(),
    ...(srv === null ? [] : [srv]),
  ];
}
