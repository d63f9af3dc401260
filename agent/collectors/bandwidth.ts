import { err, ok } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { type InterfaceBytes, parseLinkSpeed, parseNetDev } from '../kernel/net-dev.ts';
import { clampRatio } from '../kernel/numbers.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { unavailable } from '../kernel/unavailable.ts';
import type { Surroundings } from '../scope/target.ts';
import type { Collector, Timed, Window } from './collector.ts';

export interface Link extends InterfaceBytes {
  /** null where it is unknown: a virtual card has no speed of its own. */
  readonly linkBitsPerSecond: number | null;
}

/** The interfaces that count, by name. */
export type BandwidthReading = ReadonlyMap<string, Link>;

export function bandwidthCollector(surroundings: Surroundings): Collector<'bandwidth', BandwidthReading> {
  const { files, target, configured } = surroundings;
  const hardware = new SlowFact(() => readHardware(surroundings), 60_000);
  return {
    name: 'bandwidth',
    compute: computeBandwidth,
    read(nowMs) {
      const pid = target.kind === 'process' ? (target.tree.rootPid ?? 'self') : 'self';
      const text = files.text(`/proc/${pid}/net/dev`);
      if (!text.ok) return text;
      const known = hardware.at(nowMs);
      const counted = chooseInterfaces([...parseNetDev(text.value)], known, configured.interface);
      if (counted.length === 0) return err(unavailable('not-supported', noInterface(configured.interface)));
      const speedOf = (name: string) => configured.linkBitsPerSecond ?? known.get(name) ?? null;
      return ok(new Map(counted.map(([name, bytes]) => [name, { ...bytes, linkBitsPerSecond: speedOf(name) }])));
    },
  };
}

/**
 * The named interface; else real hardware, because bridges and virtual pairs beside it carry the same packets once
 * more; else (in a container) all but loopback.
 */
export function chooseInterfaces<T>(
  interfaces: readonly (readonly [string, T])[],
  hardware: ReadonlyMap<string, number | null>,
  named: string | null,
): readonly (readonly [string, T])[] {
  if (named !== null) return interfaces.filter(([name]) => name === named);
  const physical = interfaces.filter(([name]) => hardware.has(name));
  return physical.length > 0 ? physical : interfaces.filter(([name]) => name !== 'lo');
}

/** The interface with the highest utilisation of those whose counters did not jump back and whose speed is known. */
export function computeBandwidth({ first, last }: Window<BandwidthReading>): Metric<'bandwidth'> {
  if (first === null) return unavailable('warming-up', 'the first window is not over yet');
  if (![...last.reading.values()].some(({ linkBitsPerSecond }) => linkBitsPerSecond !== null)) {
    const names = [...last.reading.keys()].join(', ');
    return unavailable('no-limit', `the speed of ${names} is unknown: give --link-speed, such as 1G`);
  }
  let busiest: Extract<Metric<'bandwidth'>, { status: 'ok' }> | null = null;
  for (const name of last.reading.keys()) {
    const metric = computeLink(name, first, last);
    if (metric !== null && metric.utilisation > (busiest?.utilisation ?? -1)) busiest = metric;
  }
  return busiest ?? unavailable('warming-up', 'the counters jumped backwards within the window');
}

function computeLink(name: string, first: Timed<BandwidthReading>, last: Timed<BandwidthReading>) {
  const [before, now] = [first.reading.get(name), last.reading.get(name)];
  const seconds = (last.atMs - first.atMs) / 1000;
  const linkBitsPerSecond = now?.linkBitsPerSecond ?? null;
  if (before === undefined || now === undefined || linkBitsPerSecond === null || seconds <= 0) return null;
  const receiveBitsPerSecond = ((now.receivedBytes - before.receivedBytes) * 8) / seconds;
  const transmitBitsPerSecond = ((now.transmittedBytes - before.transmittedBytes) * 8) / seconds;
  if (receiveBitsPerSecond < 0 || transmitBitsPerSecond < 0) return null;
  return {
    status: 'ok',
    utilisation: clampRatio(Math.max(receiveBitsPerSecond, transmitBitsPerSecond) / linkBitsPerSecond),
    raw: { interface: name, receiveBitsPerSecond, transmitBitsPerSecond, linkBitsPerSecond },
  } as const;
}

/**
 * Speeds of real network cards, and of the named interface, whatever that is. Virtual ones are left out: what a veth
 * pair says (10 Gbit/s) is a constant in its driver. Asked rarely: the answer takes a lock that the network shares.
 */
function readHardware({ files, configured }: Surroundings): ReadonlyMap<string, number | null> {
  const folder = '/sys/class/net';
  const names = (files.names(folder) ?? []).filter(
    (name) => name === configured.interface || files.names(`${folder}/${name}/device`) !== null,
  );
  return new Map(names.map((name) => [name, parseLinkSpeed(files.textOrNull(`${folder}/${name}/speed`))]));
}

function noInterface(named: string | null): string {
  return named === null ? 'there is no network interface but loopback' : `there is no network interface ${named}`;
}
