import { parseDefaultRoutes, parseLinkSpeed } from './net-dev.ts';
import type { ProcRoot } from './proc-root.ts';

const folder = '/sys/class/net';
/** Layers of virtual interfaces over a card: a VLAN on a bridge on a bond is three. */
const maxLayers = 4;

/**
 * Interfaces that count beside others, with their speed in bits per second; null where it is unknown. These are real
 * cards, the interface `named` by the operator, and, where there are cards, a virtual interface that takes the default
 * route past them. The answer of a driver takes a lock that the network shares: to be asked rarely.
 */
export function readCards(files: ProcRoot, named: string | null): ReadonlyMap<string, number | null> {
  const cards = (files.names(folder) ?? []).filter((name) => name === named || isCard(files, name));
  const routes = parseDefaultRoutes(files.textOrNull('/proc/self/net/route') ?? '');
  const uplinks = cards.length === 0 ? [] : [...routes].filter((name) => !hasCardBelow(files, name));
  return new Map([...cards, ...uplinks].map((name) => [name, speedOf(files, name)]));
}

function isCard(files: ProcRoot, name: string): boolean {
  return files.names(`${folder}/${name}/device`) !== null;
}

/** What a veth pair (10 Gbit/s) or a tun device (10 Mbit/s) says is a constant in its driver. */
function speedOf(files: ProcRoot, name: string): number | null {
  return hasCardBelow(files, name) ? parseLinkSpeed(files.textOrNull(`${folder}/${name}/speed`)) : null;
}

/** Whether an interface is a card or stands on one, as bonds, bridges and VLANs do. */
function hasCardBelow(files: ProcRoot, name: string, layers = maxLayers): boolean {
  if (isCard(files, name)) return true;
  if (layers === 0) return false;
  const below = (files.names(`${folder}/${name}`) ?? []).filter((entry) => entry.startsWith('lower_'));
  return below.some((entry) => hasCardBelow(files, entry.slice('lower_'.length), layers - 1));
}
