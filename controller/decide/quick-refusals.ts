import type { Reason } from '../../shared/contract/decision.ts';
import type { Observation, Traffic } from '../../shared/contract/observation.ts';
import { sum } from '../../shared/math/statistics.ts';

/** The last answers of one server: those of the last tick, or as many as say something if that had fewer. */
export interface LastAnswers {
  readonly answers: number;
  /** Responses 4xx among them. */
  readonly clientErrors: number;
  /** Ticks for which any excess of 4xx still counts, since its share stood out; 0: none does. */
  readonly watchedTicks: number;
}

export type AnswersByServer = ReadonlyMap<string, LastAnswers>;

export interface Judged {
  /** The observations with the excess of 4xx as errors. */
  readonly observations: readonly Observation[];
  readonly reasons: ReadonlyMap<string, Reason>;
  readonly answers: AnswersByServer;
}

/** Fewer answers than this say nothing of a server. */
const enoughAnswers = 20;
/** A server that stood out is cut and gets few requests: fewer answers are enough to see that it has recovered. */
const enoughWhenWatched = 10;
/** A share of 4xx stands out from this far above the others' on ... */
const standsOutAbove = 0.3;
/** ... and from this many standard deviations on: chance alone must not do it, whatever share all have. */
const deviations = 4;
/**
 * Once it stood out, every excess counts until there was next to none for this many ticks: a server that sheds what is too much
 * stops as soon as it is cut, and would begin again with each return.
 */
const watchTicks = 30;
const calmBelow = 0.05;
const nothing: LastAnswers = { answers: 0, clientErrors: 0, watchedTicks: 0 };

/**
 * A server that sheds load (429) or is wrongly deployed (404, 401) answers at once and so looks idle and capable. HAProxy
 * counts all 4xx together, and a site may have many for good reasons: crawlers, requests before a login. So a server's share
 * of 4xx is compared with the mean of the other servers' shares. Where it stands out, the excess counts as errors and not as
 * work done. Pure.
 */
export function judgeRefusals(observations: readonly Observation[], before: AnswersByServer): Judged {
  const answers = new Map<string, LastAnswers>();
  for (const { server, traffic } of observations) {
    const known = addTick(before.get(server) ?? nothing, traffic);
    if (known.answers > 0) answers.set(server, known);
  }
  const fleet = new Fleet(observations, answers);
  const reasons = new Map<string, Reason>();
  const judged = observations.map((observation) => {
    const { server, traffic } = observation;
    const known = answers.get(server);
    const others = known === undefined ? null : fleet.othersOf(server);
    if (known === undefined || others === null || traffic === null) return observation;
    const watchedTicks = watchFor(known, others, traffic);
    answers.set(server, { ...known, watchedTicks });
    const share = shareOf(known);
    if (watchedTicks === 0 || share <= others.share) return observation;
    reasons.set(server, { code: 'client-errors', share, others: others.share });
    return { ...observation, traffic: withExcess(traffic, share, others.share) };
  });
  return { observations: judged, reasons, answers };
}

function addTick(before: LastAnswers, traffic: Traffic | null): LastAnswers {
  if (traffic === null) return before;
  const answers = traffic.ok + traffic.errors;
  const enough = before.watchedTicks > 0 ? enoughWhenWatched : enoughAnswers;
  // what the new answers do not push out
  const kept = before.answers === 0 ? 0 : Math.min(1, Math.max(0, enough - answers) / before.answers);
  return {
    ...before,
    answers: answers + kept * before.answers,
    clientErrors: Math.min(answers, traffic.clientErrors) + kept * before.clientErrors,
  };
}

function shareOf({ answers, clientErrors }: LastAnswers): number {
  return clientErrors / answers;
}

function isEnough({ answers, watchedTicks }: LastAnswers): boolean {
  // sums of fractions may fall short of a whole number
  return answers >= (watchedTicks > 0 ? enoughWhenWatched : enoughAnswers) - 1e-6;
}

interface Others {
  /** Mean of their shares of 4xx, 0 to 1. */
  readonly share: number;
  /** As many answers as that mean is worth. */
  readonly answers: number;
}

/** The servers that take requests and whose share of 4xx is known. Each counts the same: one that sheds gets many requests. */
class Fleet {
  readonly #shares: ReadonlyMap<string, { readonly share: number; readonly inverse: number }>;
  readonly #share: number;
  readonly #inverse: number;

  constructor(observations: readonly Observation[], answers: AnswersByServer) {
    // sorted: sums of fractions depend on the order, and decisions must not depend on the servers' order
    const members = observations
      .filter(({ takesRequests }) => takesRequests)
      .map(({ server }) => server)
      .sort()
      .flatMap((server) => {
        const known = answers.get(server);
        if (known === undefined || !isEnough(known)) return [];
        return [[server, { share: shareOf(known), inverse: 1 / known.answers }] as const];
      });
    this.#shares = new Map(members);
    this.#share = sum(members.map(([, { share }]) => share));
    this.#inverse = sum(members.map(([, { inverse }]) => inverse));
  }

  /** null: there is none to compare with. */
  othersOf(server: string): Others | null {
    const own = this.#shares.get(server);
    const count = this.#shares.size - (own === undefined ? 0 : 1);
    if (count === 0) return null;
    const share = Math.min(1, Math.max(0, (this.#share - (own?.share ?? 0)) / count));
    return { share, answers: count ** 2 / (this.#inverse - (own?.inverse ?? 0)) };
  }
}

function watchFor(known: LastAnswers, others: Others, traffic: Traffic): number {
  if (doesStandOut(known, others)) return watchTicks;
  if (known.watchedTicks === 0 || traffic.ok + traffic.errors === 0) return known.watchedTicks;
  return shareOf(known) - others.share > calmBelow ? watchTicks : known.watchedTicks - 1;
}

function doesStandOut(known: LastAnswers, others: Others): boolean {
  if (!isEnough(known)) return false;
  // the share that both would have if the server were as the others, never quite 0 or 1
  const common = (others.share * others.answers + 1) / (others.answers + 2);
  const deviation = Math.sqrt(common * (1 - common) * (1 / known.answers + 1 / others.answers));
  return shareOf(known) - others.share > Math.max(standsOutAbove, deviations * deviation);
}

/** The 4xx that the others do not have, as errors. */
function withExcess({ ok, errors, clientErrors }: Traffic, share: number, ofOthers: number): Traffic {
  const refusals = (Math.min(ok, clientErrors) * (share - ofOthers)) / share;
  return { ok: ok - refusals, errors: errors + refusals, clientErrors: clientErrors - refusals };
}
