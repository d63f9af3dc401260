import type { Pressure, Stalled } from '../../shared/contract/snapshot.ts';
import type { BackendStatus, ServerStatus } from '../../shared/contract/status.ts';
import { spacedPercent } from '../../shared/terminal/format.ts';

const resources = ['cpu', 'memory', 'io'] as const satisfies readonly (keyof Pressure)[];

/** Lines of `haweight explain` about a server's machine, the work that waits there, and its agent. */
export function serverNotes({ sharesMachineWith, pressure, memoryEvents, agent }: ServerStatus): string[] {
  return [
    ...agent.notes.map((note) => `           ${note}`),
    ...(sharesMachineWith.length === 0 ? [] : [`  machine  shares the machine with ${namesOf(sharesMachineWith)}`]),
    ...(pressure === null ? [] : [`  pressure ${describePressure(pressure)}`]),
    ...(memoryEvents === null ? [] : [`  memory   ${describeEvents(memoryEvents)}`]),
  ];
}

/** Lines under the table of a backend, each about several servers. */
export function backendNotes({ servers }: Pick<BackendStatus, 'servers'>): string[] {
  const sharing = new Set(
    servers.flatMap(({ server, exclusion, sharesMachineWith }) =>
      exclusion !== null || sharesMachineWith.length === 0 ? [] : [namesOf([server, ...sharesMachineWith].toSorted())],
    ),
  );
  const killed = servers.filter(({ memoryEvents }) => (memoryEvents?.oomKill ?? 0) > 0);
  return [
    ...[...sharing].map((names) => `note: ${names} share a machine and its cores`),
    ...killed.map(({ server, memoryEvents }) => `note: ${server}: ${kills(memoryEvents?.oomKill ?? 0)}`),
  ];
}

/** What no kernel says is left out. */
function describePressure(pressure: Pressure): string {
  const parts = resources.flatMap((name) => {
    const stalled = pressure[name];
    const text = stalled === null ? '' : describeStalled(stalled);
    return text === '' ? [] : [`${name} ${text}`];
  });
  return parts.length === 0 ? 'not known' : `${parts.join(', ')} of the last 10 s`;
}

function describeStalled({ some, full }: Stalled): string {
  const parts = [
    some === null ? '' : `${spacedPercent(some)} some`,
    full === null ? '' : `${spacedPercent(full)} full`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function describeEvents({ high, max, oomKill }: NonNullable<ServerStatus['memoryEvents']>): string {
  return `held back at memory.high ${high} times, at its limit ${max} times; ${kills(oomKill)}`;
}

function kills(count: number): string {
  return `${count} OOM ${count === 1 ? 'kill' : 'kills'} since the group was made`;
}

/** Few enough to read. */
function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 8);
  return `${shown.join(', ')}${names.length > shown.length ? ' and more' : ''}`;
}
