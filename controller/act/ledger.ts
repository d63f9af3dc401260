import type { WeightChange } from '../../haproxy/runtime-api.ts';
import type { Decision, Reason } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';

/** What this controller has left in HAProxy of one server's weight. */
export interface Left {
  /** The weight; before the next look the one before, too: a write may be lost, even one that was answered. */
  readonly weights: readonly number[];
  /** The weight to give back where the configuration has 0: the one that the server was found with. */
  readonly giveBack: number;
}

/** By server. Whatever other weight a server has is of another writer. */
export type LeftWeights = ReadonlyMap<string, Left>;

/** So many weights of a server are remembered of other HAProxys, and so many servers that are gone. */
const mostPast = 8;
const mostGone = 1_000;

/** What matters here of an observation. */
export type Weighed = Pick<Observation, 'server' | 'currentWeight' | 'configuredWeight' | 'exclusion'>;

/** Whether the weight that a server has now is one that this controller left there. */
export function isInForce(left: Left | undefined, weight: number): left is Left {
  return left?.weights.includes(weight) === true;
}

/**
 * Which of a backend's weights are this controller's, so that only these are put back at the end. A weight counts from when it is
 * sent until a tick finds another one in its place: an operator's, whichever value it has later.
 */
export class Ledger {
  readonly #left: Map<string, Left>;
  readonly #keep: (left: LeftWeights) => void;
  /** The weights that servers had when they were first seen; null: another one was seen since, which is not ours. */
  readonly #found = new Map<string, number | null>();
  /** What was left before: a server may be missing in a reply, and the socket may lead to another HAProxy for a while. */
  readonly #past = new Map<string, Left>();
  #isOtherProcess = false;

  /** `before`: what a controller that was killed has left. `keep` gets every change before it is sent. */
  constructor(before: LeftWeights = new Map(), keep: (left: LeftWeights) => void = () => undefined) {
    this.#left = new Map(before);
    this.#keep = keep;
  }

  get left(): LeftWeights {
    return this.#left;
  }

  /** Another HAProxy answers from now on: what it has from us is known at the next look. */
  otherProcess(): void {
    this.#isOtherProcess = true;
  }

  /** One tick's reading of all servers: what another writer has changed since is no longer ours. */
  see(seen: readonly Weighed[]): void {
    const current = new Map(seen.map((each) => [each.server, weightOf(each)]));
    for (const [server, left] of this.#left) {
      const weight = current.get(server);
      if (weight === null) continue;
      if (weight !== undefined && isInForce(left, weight)) this.#left.set(server, { ...left, weights: [weight] });
      else this.#forget(server, left);
    }
    for (const [server, weight] of current) if (weight !== null) this.#seeOne(server, weight);
    for (const server of this.#found.keys()) if (!current.has(server)) this.#found.delete(server);
    if (this.#past.size > mostGone + current.size) this.#past.clear();
    this.#isOtherProcess = false;
  }

  #seeOne(server: string, weight: number): void {
    const found = this.#found.get(server);
    const past = this.#past.get(server);
    const isBack = this.#isOtherProcess || found === undefined;
    if (isBack && isInForce(past, weight)) this.#left.set(server, { ...past, weights: [weight] });
    if (found === undefined) this.#found.set(server, weight);
    else if (found !== weight && !this.#left.has(server)) this.#found.set(server, null);
  }

  /** To be called before weights are sent: from now on HAProxy may have them. Without `seen` they are what is given back. */
  sending(changes: readonly WeightChange[], seen: readonly Weighed[] = []): void {
    if (changes.length === 0) return;
    const giveBack = new Map(seen.map(({ server, configuredWeight }) => [server, configuredWeight]));
    for (const { server, weight } of changes) {
      const before = this.#left.get(server);
      const weights = [...new Set([...(before?.weights ?? []), weight])];
      this.#left.set(server, { weights, giveBack: giveBack.get(server) ?? before?.giveBack ?? weight });
    }
    this.#keep(this.#left);
  }

  /**
   * A weight that a server was found with, that no one has changed since, and that is what was decided for it: most likely a
   * controller that was killed has left it. It is ours as if it had been written.
   */
  adopt(decisions: readonly Decision[], seen: readonly Weighed[]): void {
    const kept = new Map(decisions.filter(isJudgedAndKept).map(({ server, weight }) => [server, weight]));
    const adopted = seen.filter(({ server, currentWeight, configuredWeight, exclusion }) => {
      const isKept = exclusion === null && kept.get(server) === currentWeight && currentWeight !== configuredWeight;
      return isKept && this.#found.get(server) === currentWeight && !this.#left.has(server);
    });
    this.sending(
      adopted.map(({ server, currentWeight: weight }) => ({ server, weight })),
      seen,
    );
  }

  #forget(server: string, { weights, giveBack }: Left): void {
    const known = this.#past.get(server)?.weights ?? [];
    this.#past.set(server, { weights: [...new Set([...known, ...weights])].slice(-mostPast), giveBack });
    this.#left.delete(server);
  }

  /** What was ours has been given back. */
  clear(): void {
    this.#left.clear();
    this.#keep(this.#left);
  }
}

/** null: HAProxy's row cannot be read, so it says nothing. */
function weightOf({ currentWeight, exclusion }: Weighed): number | null {
  return exclusion === 'unreadable' ? null : currentWeight;
}

/** Not where nothing could be said of the server, where the weight is another writer's, or where another one waits its turn. */
function isJudgedAndKept({ write, reasons }: Decision): boolean {
  const isLeft = (reason: Reason) =>
    reason.code === 'held' || reason.code === 'contested' || (reason.code === 'kept' && reason.because === 'patience');
  return !write && reasons.length > 0 && !reasons.some(isLeft);
}
