import { medianWithout } from '../../../shared/math/statistics.ts';
import { type Pace, slowdown } from './pace.ts';

/** Up to this, requests of a server take not much longer than where none waits: the counts are partly chance ... */
const notMuchSlower = 2;
/** ... and from this on they do, whatever the others' do. */
const slower = 3;
/** Requests wait at the others: they take at least this many times longer there, and so many times more than its own. */
const waiting = 2;
const timesOwn = 1.5;
const rise = 0.1;
const fall = 0.2;
/** Requests cost all servers of a backend about the same: no server's least time counts as more than this many times the fastest's. */
const mostTimesFastest = 2;

/**
 * How far HAProxy's own counters prove, tick by tick, that a server can do more than its limit allows, 0 to 1: it answers as fast
 * as ever while requests wait at the others. An agent's claims are no part of it: a server that gets too much becomes slower
 * than the others, and loses what was proven. Pure.
 */
export function proofs(paces: readonly Pace[], before: readonly number[]): number[] {
  const fastest = Math.min(...paces.flatMap(({ restSeconds }) => restSeconds ?? []));
  const slowdowns = paces.map((pace) => slowdown(pace, mostTimesFastest * fastest));
  const medianOfOthers = medianWithout(slowdowns.flatMap((each) => each ?? []));
  return slowdowns.map((own, index) => {
    const known = before[index] ?? 0;
    const others = own === null ? null : medianOfOthers(own);
    if (own === null || others === null) return known;
    if (own > Math.min(slower, Math.max(notMuchSlower, others))) return Math.max(0, known - fall);
    return own <= notMuchSlower && others > Math.max(waiting, timesOwn * own) ? Math.min(1, known + rise) : known;
  });
}
