import { type Finding, listed, warning } from '../finding.ts';

/** What agents say about themselves, such as a side-car whose group has no process but the agent. */
export function checkNotes(
  servers: readonly { readonly server: string; readonly notes: readonly string[] }[],
): Finding[] {
  const each = servers.flatMap(({ server, notes }) => notes.map((note) => ({ server, note })));
  return [...Map.groupBy(each, ({ note }) => note)].map(([note, group]) => {
    return warning(`agent of ${listed(group.map(({ server }) => server))}`, note);
  });
}
