import { sum } from '../../../shared/math/statistics.ts';
import { OutOfPool } from '../guard/out-of-pool.ts';
import { type Breaker, close, closedBreaker, type Evidence, isConvincing, open, stepOpen, weigh } from './breaker.ts';
import type { LaneSettings } from './settings.ts';

/** One server while breakers are judged. */
export interface Judged {
  readonly server: string;
  readonly breaker: Breaker;
  /** null: nothing is known since the look before. */
  readonly evidence: Evidence | null;
  readonly inFlight: number;
  /** The share of errors that is expected of it, 0 to 1. */
  readonly share: number;
  /** Effective cores, or 1 for every server where they are not known of all. */
  readonly capacity: number;
  /** Empty: not known. */
  readonly machine: string;
  /** Takes requests, so that others are compared with it. */
  readonly isServing: boolean;
  /** Its breaker may open. */
  readonly isOurs: boolean;
  readonly isDrained: boolean;
  readonly isOpenable: boolean;
}

export interface Openings {
  /** In the order of the servers. */
  readonly breakers: readonly Breaker[];
  /** Median of the servers' expected shares of errors, 0 to 1. */
  readonly errorShare: number;
}

/** From this share of the others' errors on, what fails is what they have in common. */
const commonShare = 0.3;
/** A rise by less is noise. */
const rise = 0.01;

/**
 * Which breakers open and close at a look. None is open where the other servers fail too, or more than half do: what they share
 * is broken, and a server less would make it worse. One server stays, and at most the allowed part of the pool is out. While
 * errors rise everywhere, one breaker at most opens at a look, until it is clear whether one server fails or all of them.
 */
export function decideOpenings(
  judged: readonly Judged[],
  errorShareBefore: number,
  settings: LaneSettings,
  elapsedMs: number,
): Openings {
  const shares = new Shares(judged.filter(({ isServing }) => isServing).map(({ share }) => share));
  const stepped = judged.map((each) => ({ ...each, breaker: step(each, shares, settings.ejectMs, elapsedMs) }));
  const ours = stepped.filter(({ isServing, isOurs }) => isServing && isOurs).map(asMember(stepped));
  const out = poolOf(ours, stepped, settings.maxDrainedShare);
  const breakers = new Map(stepped.map(({ server, breaker }) => [server, breaker]));
  const isRising = shares.median > errorShareBefore + rise;
  const candidates = ours.filter(({ breaker, isOpenable }) => isOpenable && isConvincing(breaker)).sort(worstFirst);
  for (const candidate of candidates) {
    out.add(candidate);
    if (out.brokenLimit !== null) out.delete(candidate);
    else breakers.set(candidate.server, open(candidate.breaker, settings.ejectMs));
    if (isRising) break;
  }
  // since they opened the pool may have shrunk: those with the fewest errors come back first
  for (const member of out.all.sort(worstFirst).reverse()) {
    if (out.brokenLimit === null) break;
    out.delete(member);
    breakers.set(member.server, close(member.breaker));
  }
  return { breakers: stepped.map(({ server, breaker }) => breakers.get(server) ?? breaker), errorShare: shares.median };
}

type Member = Judged & { readonly machines: number };

function step(each: Judged, shares: Shares, ejectMs: number, elapsedMs: number): Breaker {
  const { breaker, evidence, isServing, inFlight, share } = each;
  if (!isServing) return breaker;
  const ofOthers = shares.medianWithout(share);
  const isCommon = shares.areMostFailing || (ofOthers !== null && ofOthers > commonShare);
  if (breaker.phase !== 'closed') {
    return isCommon ? close(breaker) : stepOpen(breaker, evidence, inFlight, elapsedMs, ejectMs);
  }
  if (evidence === null) return breaker;
  // a server alone is compared with none
  if (isCommon || ofOthers === null) return { ...breaker, evidence: 0, run: closedBreaker.run };
  return weigh(breaker, evidence, ofOthers, elapsedMs);
}

function asMember(all: readonly Judged[]): (each: Judged) => Member {
  const nameOf = ({ machine, server }: Judged) => machine || `server ${server}`;
  const onMachine = Map.groupBy(
    all.filter(({ isServing, isOurs }) => isServing && isOurs),
    nameOf,
  );
  return (each) => ({ ...each, machines: 1 / (onMachine.get(nameOf(each))?.length ?? 1) });
}

function poolOf(ours: readonly Member[], all: readonly Judged[], maxShare: number): OutOfPool<Member> {
  const drained = all.filter(({ isDrained }) => isDrained);
  const drainedCapacity = sum(drained.map(({ capacity }) => capacity));
  return new OutOfPool(
    {
      servers: ours.length,
      machines: sum(ours.map(({ machines }) => machines)),
      capacity: sum(ours.map(({ capacity }) => capacity)) + drainedCapacity,
      outAlready: { machines: drained.length, capacity: drainedCapacity },
      maxShare,
    },
    ours.filter(({ breaker }) => breaker.phase !== 'closed'),
  );
}

/** By share of errors, then by name, so that the order of the servers does not matter. */
function worstFirst(a: Judged, b: Judged): number {
  if (a.share !== b.share) return b.share - a.share;
  return a.server < b.server ? -1 : 1;
}

/** The expected shares of errors of the servers that take requests. */
class Shares {
  readonly #sorted: Float64Array;
  readonly median: number;
  /** Whether more than half of them fail. */
  readonly areMostFailing: boolean;

  constructor(shares: readonly number[]) {
    this.#sorted = Float64Array.from(shares).sort();
    this.median = this.#middle(this.#sorted.length, (index) => index) ?? 0;
    this.areMostFailing = shares.filter((share) => share > commonShare).length * 2 > shares.length;
  }

  /** The median of all but one with this share; null: there is no other. */
  medianWithout(share: number): number | null {
    const own = this.#sorted.indexOf(share);
    return this.#middle(this.#sorted.length - 1, (index) => (own >= 0 && index >= own ? index + 1 : index));
  }

  #middle(length: number, at: (index: number) => number): number | null {
    if (length <= 0) return null;
    const lower = this.#sorted[at((length - 1) >> 1)] ?? 0;
    const upper = this.#sorted[at(length >> 1)] ?? 0;
    return (lower + upper) / 2;
  }
}
