import { mean } from '../../shared/math/statistics.ts';

/** The shares that one tick of the controller left, as its status told them. */
export interface Tick {
  /** The controller's own count, from 1. */
  readonly tick: number;
  /** When the tick was over, in ms from the start of the phase. */
  readonly endedAtMs: number;
  /** Share of the backend's weight, 0 to 1, by server. */
  readonly shares: Readonly<Record<string, number>>;
}

/** How the slowed server's share of the weights went. */
export interface SlowdownEffect {
  readonly server: string;
  /** Mean share over the last ticks before the slowdown, 0 to 1; null where there was no such tick. */
  readonly shareBefore: number | null;
  /** Its share after each tick that followed. */
  readonly sharesAfter: readonly number[];
  /** The first of those ticks, counted from 1, that left a share clearly below the one before; null where none did. */
  readonly fellAfterTicks: number | null;
}

/** Ticks that the share before is the mean of: enough to even out the small moves of a settled loop. */
const ticksBefore = 3;
/** A share has fallen when it is below this part of the one before. */
export const fallenBelow = 0.9;

export function slowdownEffect(ticks: readonly Tick[], server: string, slowedAtMs: number): SlowdownEffect {
  const shares = (some: readonly Tick[]) => some.map((tick) => tick.shares[server] ?? 0);
  const before = shares(ticks.filter(({ endedAtMs }) => endedAtMs <= slowedAtMs)).slice(-ticksBefore);
  const sharesAfter = shares(ticks.filter(({ endedAtMs }) => endedAtMs > slowedAtMs));
  const shareBefore = mean(before);
  if (shareBefore === null) return { server, shareBefore, sharesAfter, fellAfterTicks: null };
  const fallen = sharesAfter.findIndex((share) => share < shareBefore * fallenBelow);
  return { server, shareBefore, sharesAfter, fellAfterTicks: fallen === -1 ? null : fallen + 1 };
}
