import type { Snapshot } from '../../shared/contract/snapshot.ts';

/** What an agent's newest snapshot says about where it runs. */
export type Placement = Pick<Snapshot, 'host' | 'machine' | 'machineCores' | 'effectiveCores' | 'scope'>;

/** One server of a backend, as far as it matters where it runs. */
export interface Hosted {
  readonly server: string;
  /** Empty where it is not known. */
  readonly agentUrl: string;
  /** Whether it takes requests, so whether it needs a part of its machine. */
  readonly isWorking: boolean;
  /** null where no snapshot has come yet; it stays while the agent is silent. */
  readonly placement: Placement | null;
  /** When the snapshot was taken, on the controller's monotonic clock, in ms: of one agent's the newest counts. */
  readonly placedAtMs: number;
}

/** A server's part of the machine that it runs on. */
export interface MachinePart {
  /** Servers with the same text run on one machine; empty where it is not known. */
  readonly machine: string;
  /** The server's own part of its agent's and its machine's CPU cores; null where no snapshot has come yet. */
  readonly cores: number | null;
  /** The servers that take requests on this machine, in the backend's order; itself included if it does. */
  readonly neighbours: readonly string[];
}

/** Names that a machine has when it was given none, so that two machines with one of them are probably two. */
const genericHosts: ReadonlySet<string> = new Set([
  'localhost',
  'localhost.localdomain',
  'localhost4',
  'localhost6',
  '(none)',
  'debian',
  'ubuntu',
  'raspberrypi',
  'alpine',
]);

interface Placed {
  readonly hosted: Hosted;
  readonly placement: Placement | null;
  readonly machine: string;
  /** Servers with the same text are measured by one agent, or by several that measure the same. */
  readonly measured: string;
}

/**
 * Which servers run on one machine, and which part of it is each one's. Servers that one agent measures divide its cores; where
 * the scopes on one machine have more cores together than the machine has, all are scaled down alike. An agent's word can take
 * a server no more than to an equal part of the servers on its machine, however large it claims to be. Pure.
 */
export function machineParts(servers: readonly Hosted[]): ReadonlyMap<string, MachinePart> {
  const placed = locate(servers);
  const machines = Map.groupBy(placed, (each) => (each.machine === '' ? each : each.machine));
  return new Map([...machines.values()].flatMap(partsOn));
}

/** The parts of the servers on one machine. */
function partsOn(all: readonly Placed[]): readonly (readonly [string, MachinePart])[] {
  const working = all.filter(({ hosted }) => hosted.isWorking);
  const sharers = Map.groupBy(working, ({ measured }) => measured);
  const partOf = ({ placement, measured }: Placed) =>
    placement === null ? null : placement.effectiveCores / (sharers.get(measured)?.length ?? 1);
  const wanted = working.reduce((sum, each) => sum + (partOf(each) ?? 0), 0);
  const room = roomFor(wanted, working, sharers.size);
  const neighbours = working.map(({ hosted }) => hosted.server);
  return all.map((each) => {
    const part = partOf(each);
    return [each.hosted.server, { machine: each.machine, cores: part === null ? null : part * room, neighbours }];
  });
}

/** The part of the wanted cores that the servers on one machine can have together: 1 where it has that many. */
function roomFor(wanted: number, working: readonly Placed[], scopes: number): number {
  const machineCores = Math.max(0, ...working.map(({ placement }) => placement?.machineCores ?? 0));
  return machineCores === 0 || wanted <= machineCores ? 1 : Math.max(machineCores / wanted, 1 / scopes);
}

function locate(servers: readonly Hosted[]): readonly Placed[] {
  const newest = newestByUrl(servers);
  const placementOf = ({ agentUrl, placement }: Hosted) => newest.get(agentUrl)?.placement ?? placement;
  const bootIds = bootIdsByHost(servers.map(placementOf));
  return servers.map((hosted) => {
    const placement = placementOf(hosted);
    const machine = machineOf(placement, bootIds) ?? hosted.agentUrl;
    const own = hosted.agentUrl === '' ? `server ${hosted.server}` : hosted.agentUrl;
    return { hosted, placement, machine, measured: scopeOn(machine, placement) ?? own };
  });
}

/** One agent speaks for all servers at its URL, also for those whose name it does not know. */
function newestByUrl(servers: readonly Hosted[]): ReadonlyMap<string, Hosted> {
  const newest = new Map<string, Hosted>();
  for (const hosted of servers) {
    if (hosted.agentUrl === '' || hosted.placement === null) continue;
    const other = newest.get(hosted.agentUrl);
    if (other === undefined || other.placedAtMs < hosted.placedAtMs) newest.set(hosted.agentUrl, hosted);
  }
  return newest;
}

function bootIdsByHost(placements: readonly (Placement | null)[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = new Map<string, Set<string>>();
  for (const placement of placements) {
    if (placement?.machine === undefined) continue;
    ids.set(placement.host, (ids.get(placement.host) ?? new Set()).add(placement.machine));
  }
  return ids;
}

/** The boot id; of an older agent, that of a newer one on a host of this name, or else the host's name. null: not known. */
function machineOf(placement: Placement | null, bootIds: ReadonlyMap<string, ReadonlySet<string>>): string | null {
  if (placement === null) return null;
  if (placement.machine !== undefined) return placement.machine;
  const { host } = placement;
  if (genericHosts.has(host.toLowerCase())) return null;
  const [id, ...others] = bootIds.get(host) ?? [];
  return id !== undefined && others.length === 0 ? id : host;
}

/**
 * What is measured, where that can be told: the paths of control groups and process ids are a container's own, and in many
 * containers they are `/` and 1. null: only the agent's URL tells.
 */
function scopeOn(machine: string, placement: Placement | null): string | null {
  if (placement === null || machine === '') return null;
  const { scope, host } = placement;
  const at = `${machine} ${host}`;
  switch (scope.kind) {
    case 'host':
      return `${at} host`;
    case 'cgroup':
      return scope.path === '/' || scope.path === '' ? null : `${at} cgroup ${scope.path}`;
    case 'process':
      return scope.pid <= 1 ? null : `${at} pid ${scope.pid}`;
    case 'unknown':
      return null;
  }
}
