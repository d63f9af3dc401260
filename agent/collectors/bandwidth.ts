import { err, ok } from '../../shared/contract/result.ts';
import type { Metric } from '../../shared/contract/snapshot.ts';
import { type InterfaceBytes, parseNetDev } from '../kernel/net-dev.ts';
import { readCards } from '../kernel/network-cards.ts';
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
  const cards = new SlowFact(() => cardsOf(surroundings), 60_000);
  return {
    name: 'bandwidth',
    compute: computeBandwidth,
    read(nowMs) {
      const pid = target.kind === 'process' ? (target.tree.rootPid ?? 'self') : 'self';
      const text = files.text(`/proc/${pid}/net/dev`);
      if (!text.ok) return text;
      const known = cards.at(nowMs);
      const counted = chooseInterfaces([...parseNetDev(text.value)], known, configured.interface);
      if (counted.length === 0) return err(unavailable('not-supported', noInterface(configured.interface)));
      const speedOf = (name: string) => configured.linkBitsPerSecond ?? known.get(name) ?? null;
      return ok(new Map(counted.map(([name, bytes]) => [name, { ...bytes, linkBitsPerSecond: speedOf(name) }])));
    },
  };
}

/**
 * The named interface; else real cards, because bridges and virtual pairs beside it carry the same packets once
 * more; else (in a container) all but loopback.
 */
export function chooseInterfaces<T>(
  interfaces: readonly (readonly [string, T])[],
  cards: ReadonlyMap<string, number | null>,
  named: string | null,
): readonly (readonly [string, T])[] {
  if (named !== null) return interfaces.filter(([name]) => name === named);
  const counted = interfaces.filter(([name]) => cards.has(name));
  return counted.length > 0 ? counted : interfaces.filter(([name]) => name !== 'lo');
}

/** Less is noise: 1 % of the slowest link in use, in bits per second. */
const noiseBitsPerSecond = 1e6;

/**
 * The interface with the highest utilisation of those whose speed is known. Where one of unknown speed carries more than
 * twice as much as each of these, or where the counters of one jumped, the utilisation is unknown, not low.
 */
export function computeBandwidth({ first, last }: Window<BandwidthReading>): Metric<'bandwidth'> {
  if (first === null) return unavailable('warming-up', 'the first window is not over yet');
  const names = [...last.reading.keys()];
  if (![...last.reading.values()].some(({ linkBitsPerSecond }) => linkBitsPerSecond !== null)) {
    const carriers = names.filter((name) => isUsed(last.reading.get(name)));
    const which = (carriers.length > 0 ? carriers : names).join(', ');
    return unavailable('no-limit', `the speed of ${which} is unknown: give --link-speed, such as 1G`);
  }
  let busiest: Extract<Metric<'bandwidth'>, { status: 'ok' }> | null = null;
  let mostKnown = 0;
  let mostUnknown = { name: '', bitsPerSecond: noiseBitsPerSecond };
  for (const name of names) {
    const link = measureLink(name, first, last);
    if (link === null) continue;
    // it may be the one that carries most: a low value of another card would be wrong
    if (link === 'jumped') return unavailable('warming-up', `the counters of ${name} jumped within the window`);
    const { linkBitsPerSecond } = link;
    const bitsPerSecond = Math.max(link.receiveBitsPerSecond, link.transmitBitsPerSecond);
    if (linkBitsPerSecond === null) {
      if (bitsPerSecond > mostUnknown.bitsPerSecond) mostUnknown = { name, bitsPerSecond };
      continue;
    }
    mostKnown = Math.max(mostKnown, bitsPerSecond);
    const utilisation = clampRatio(bitsPerSecond / linkBitsPerSecond);
    if (utilisation <= (busiest?.utilisation ?? -1)) continue;
    busiest = { status: 'ok', utilisation, raw: { interface: name, ...link, linkBitsPerSecond } };
  }
  if (mostUnknown.name !== '' && mostUnknown.bitsPerSecond > 2 * mostKnown) {
    const fix = `give --interface ${mostUnknown.name} and --link-speed, such as 1G`;
    return unavailable('no-limit', `${mostUnknown.name} carries most of the traffic and its speed is unknown: ${fix}`);
  }
  return busiest ?? unavailable('warming-up', 'no interface was there for the whole window');
}

/** More than any card can carry: the counters jumped. */
const mostBitsPerSecond = 1e13;

function isUsed(link: Link | undefined): boolean {
  return link !== undefined && link.receivedBytes + link.transmittedBytes > 0;
}

/** null where the interface came within the window. */
function measureLink(name: string, first: Timed<BandwidthReading>, last: Timed<BandwidthReading>) {
  const [before, now] = [first.reading.get(name), last.reading.get(name)];
  const seconds = (last.atMs - first.atMs) / 1000;
  if (before === undefined || now === undefined || seconds <= 0) return null;
  const receiveBitsPerSecond = ((now.receivedBytes - before.receivedBytes) * 8) / seconds;
  const transmitBitsPerSecond = ((now.transmittedBytes - before.transmittedBytes) * 8) / seconds;
  const rates = [receiveBitsPerSecond, transmitBitsPerSecond];
  if (rates.some((rate) => rate < 0 || rate > mostBitsPerSecond)) return 'jumped';
  return { receiveBitsPerSecond, transmitBitsPerSecond, linkBitsPerSecond: now.linkBitsPerSecond };
}

/** A process in another network namespace has other cards, of which /sys here knows nothing. */
function cardsOf({ files, target, configured }: Surroundings): ReadonlyMap<string, number | null> {
  const pid = target.kind === 'process' ? (target.tree.rootPid ?? 'self') : 'self';
  const [theirs, ours] = [files.link(`/proc/${pid}/ns/net`), files.link('/proc/self/ns/net')];
  return theirs === ours || theirs === null || ours === null ? readCards(files, configured.interface) : new Map();
}

function noInterface(named: string | null): string {
  return named === null ? 'there is no network interface but loopback' : `there is no network interface ${named}`;
}
