import type { Traffic } from '../../../shared/contract/observation.ts';

/** Fewer errors than this in a tick are noise. */
const minErrors = 3;
/** Fast to cut, slow to forgive. */
const riseGain = 0.7;
const fallGain = 0.2;
const maxShare = 0.999;

/**
 * The smoothed share of errors among a server's answers after one more tick, 0 to 1. A tick with few errors and no success does
 * not lower it: a server that was cut for its errors gets too few requests to make many.
 */
export function nextErrorShare(share: number, traffic: Traffic | null): number {
  if (traffic === null || (traffic.ok === 0 && traffic.errors < minErrors)) return share;
  const now = traffic.errors >= minErrors ? traffic.errors / (traffic.errors + traffic.ok) : 0;
  const next = share + (now > share ? riseGain : fallGain) * (now - share);
  return next < 1e-6 ? 0 : next;
}

/** Weight left to a server that answers this share of errors: at a half, an eighth. */
export function errorFactor(share: number): number {
  return (1 - Math.min(share, maxShare)) ** 3;
}
