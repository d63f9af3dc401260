import { isDeepStrictEqual } from 'node:util';
import type { Decision } from '../../shared/contract/decision.ts';
import { type PolicyName, policyNames } from '../../shared/contract/policy-names.ts';
import { formatProblem, type Problem, quote } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { policyNamed } from '../decide/policies/registry.ts';
import { ShadowPolicy } from '../decide/shadow-policy.ts';
import { Comparison, type ComparisonSummary, type TickComparison } from './comparison.ts';
import type { DecisionSettings, outcomes, TickRecord } from './recording.ts';

export interface ReplayOptions {
  /** null: the recorded one. */
  readonly policy: PolicyName | null;
  /** In place of the recorded ones; null: as recorded. */
  readonly settings: DecisionSettings | null;
}

/** The result of one backend's ticks. */
export interface ReplaySummary extends ComparisonSummary {
  readonly backend: string;
  readonly policy: string;
  readonly recordedPolicies: readonly string[];
  /** How often the controller that recorded was started. */
  readonly runs: number;
  /** How many of these runs the files do not have from the first tick on: what was learned before is not known. */
  readonly cutRuns: number;
  /** Ticks that are missing between those in the files, by their numbers. */
  readonly missingTicks: number;
  readonly outcomes: Readonly<Record<(typeof outcomes)[number], number>>;
  /**
   * Ticks with the recorded policy and settings, and how many of them came out exactly as recorded, reasons included;
   * when the first did not.
   */
  readonly repeated: { readonly ticks: number; readonly equal: number; readonly firstDifferenceAt: number | null };
  /** Ticks at which the policy failed, and how the first did. */
  readonly failedTicks: number;
  readonly failure: string | null;
}

/** Decides one backend's recorded ticks again, one after the other, with another policy or other settings. */
export class BackendReplay {
  readonly #options: ReplayOptions;
  readonly #backend: string;
  readonly #comparison = new Comparison();
  readonly #recordedPolicies = new Set<string>();
  readonly #outcomes = { written: 0, 'dry-run': 0, refused: 0 };
  #shadow: ShadowPolicy | null = null;
  #before: TickRecord | null = null;
  #runs = 0;
  #cutRuns = 0;
  #missingTicks = 0;
  #repeated = { ticks: 0, equal: 0 };
  #firstDifferenceAt: number | null = null;
  #failedTicks = 0;
  #failure: string | null = null;

  constructor(backend: string, options: ReplayOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  /** Replays one tick. The error says what is wrong with it. */
  tick(record: TickRecord): Result<TickComparison, string> {
    const before = this.#before;
    const sameRun = before?.run === record.run;
    if (sameRun && record.tick <= before.tick) {
      return err(`tick ${record.tick} is not after tick ${before.tick}: is a file given twice?`);
    }
    const policy = this.#options.policy ?? policyNames.find((name) => name === record.policy);
    if (policy === undefined) return err(`its policy ${quote(record.policy)} is unknown here: name another one`);
    this.#before = record;
    const settings = this.#options.settings ?? record.settings;
    const shadow = sameRun && this.#shadow !== null ? this.#shadow : this.#startRun(record, policy, settings);
    const missing = sameRun ? record.tick - before.tick - 1 : 0;
    this.#missingTicks += missing;
    if (missing > 0) shadow.skipTicks();
    this.#recordedPolicies.add(record.policy);
    this.#outcomes[record.outcome] += 1;

    const { observations, algorithm, elapsedMs, decisions: inForce, outcome } = record;
    const { factors, thresholds, guard, limits } = settings;
    const input = { observations, factors, thresholds, guard, limits, algorithm, elapsedMs };
    const decided = shadow.tick({ ...input, inForce, written: outcome === 'written' });
    if (!decided.ok) this.#countFailure(decided.error);
    const decisions = decided.ok ? decided.value : [];
    if (record.policy === shadow.policy.name && isDeepStrictEqual(settings, record.settings)) {
      this.#countRepeated(record, decisions);
    }
    return ok(this.#comparison.add(record, decisions));
  }

  get summary(): ReplaySummary {
    return {
      backend: this.#backend,
      policy: this.#options.policy ?? [...this.#recordedPolicies].join(', '),
      recordedPolicies: [...this.#recordedPolicies],
      runs: this.#runs,
      cutRuns: this.#cutRuns,
      missingTicks: this.#missingTicks,
      outcomes: { ...this.#outcomes },
      ...this.#comparison.summary,
      repeated: { ...this.#repeated, firstDifferenceAt: this.#firstDifferenceAt },
      failedTicks: this.#failedTicks,
      failure: this.#failure,
    };
  }

  /** A controller that starts has learned nothing, so the replayed policy starts anew too. */
  #startRun({ tick }: TickRecord, policy: PolicyName, settings: DecisionSettings): ShadowPolicy {
    this.#runs += 1;
    if (tick > 1) this.#cutRuns += 1;
    this.#comparison.forgetDrained();
    this.#shadow = new ShadowPolicy(policyNamed(policy, settings.policies));
    return this.#shadow;
  }

  #countRepeated(record: TickRecord, decisions: readonly Decision[]): void {
    this.#repeated.ticks += 1;
    // what was recorded has been through JSON
    const isEqual = isDeepStrictEqual(JSON.parse(JSON.stringify(decisions)), record.decisions);
    if (isEqual) this.#repeated.equal += 1;
    else this.#firstDifferenceAt ??= record.at;
  }

  #countFailure(problem: Problem): void {
    this.#failedTicks += 1;
    this.#failure ??= formatProblem(problem);
  }
}
