import type { Reason } from '../../shared/contract/decision.ts';
import type { Observation, Traffic } from '../../shared/contract/observation.ts';
import { sum } from '../../shared/math/statistics.ts';

/** The last answers of one server: those of the last tick, or the last 20 if that had fewer. */
export interface LastAnswers {
  readonly answers: number;
  /** Responses 4xx among them. */
  readonly clientErrors: number;
  /** Whether its share of 4xx stands out against the other servers'. */
  readonly standsOut: boolean;
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
/** A share of 4xx stands out from this far above the others' on, until it is less than that far above. */
const startsAbove = 0.3;
const endsBelow = 0.15;
/** ... and from this many standard deviations on: chance alone must not do it, whatever share all have. */
const deviations = 4;
/** A tick with fewer refusals than this is not proof that a server that stands out has become better. */
const fewRefusals = 3;

const nothing: LastAnswers = { answers: 0, clientErrors: 0, standsOut: false };

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
    if (known === undefined) return observation;
    const others = fleet.othersOf(server);
    const standsOut = others !== null && doesStandOut(known, others);
    answers.set(server, { ...known, standsOut });
    if (!standsOut) return observation;
    const share = shareOf(known);
    reasons.set(server, { code: 'client-errors', share, others: others.share });
    return { ...observation, traffic: traffic === null ? null : withExcess(traffic, (share - others.share) / share) };
  });
  return { observations: judged, reasons, answers };
}

function addTick(before: LastAnswers, traffic: Traffic | null): LastAnswers {
  if (traffic === null) return before;
  const answers = traffic.ok + traffic.errors;
  // what the new answers do not push out of the last 20
  const kept = before.answers === 0 ? 0 : Math.min(1, Math.max(0, enoughAnswers - answers) / before.answers);
  return {
    ...before,
    answers: answers + kept * before.answers,
    clientErrors: Math.min(answers, traffic.clientErrors) + kept * before.clientErrors,
  };
}

function shareOf({ answers, clientErrors }: LastAnswers): number {
  return clientErrors / answers;
}

/** Sums of fractions fall short of a whole number. */
function isEnough({ answers }: LastAnswers): boolean {
  return answers >= enoughAnswers - 1e-6;
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

function doesStandOut(known: LastAnswers, others: Others): boolean {
  const excess = shareOf(known) - others.share;
  if (known.standsOut) return excess > endsBelow;
  if (!isEnough(known)) return false;
  // the share that both would have if the server were as the others, never quite 0 or 1
  const common = (others.share * others.answers + 1) / (others.answers + 2);
  const deviation = Math.sqrt(common * (1 - common) * (1 / known.answers + 1 / others.answers));
  return excess > Math.max(startsAbove, deviations * deviation);
}

/** `part`: of its 4xx, those that the others do not have. */
function withExcess({ ok, errors, clientErrors }: Traffic, part: number): Traffic {
  const refusals = Math.min(ok, clientErrors) * part;
  const few = errors + refusals < fewRefusals;
  return { ok: few ? 0 : ok - refusals, errors: errors + refusals, clientErrors };
}
