import type { Problem } from '../../shared/contract/problem.ts';
import type { Read } from './line-reader.ts';
import { type JtlSample, unreadableFailure } from './sample.ts';
import { type Judged, SubResults } from './sub-results.ts';
import type { JtlSummary } from './summary.ts';

/** Lines that are not requests. */
export interface Parts {
  count: number;
  failed: number;
}

/** What of a file is not in the figures, or only in part. */
export interface LeftOut {
  readonly transactions: Readonly<Parts>;
  readonly subResults: Readonly<Parts>;
  /** Lines that could not be read. */
  readonly damagedLines: number;
  /** Of these, lines that say that they failed: they count as failed requests. */
  readonly damagedFailures: number;
  /** Failed requests of which the file has no valid time. */
  readonly failedWithoutTime: number;
  /** Under which assumptions the file was read. */
  readonly assumptions: readonly Problem[];
}

export interface TallyOptions {
  /** Whether transactions and sub-results count as requests. */
  readonly withTransactions: boolean;
  readonly onDamage: (problem: Problem) => void;
}

/** Sorts what was read: requests go to the summary, the rest is counted. */
export class Tally {
  readonly #summary: JtlSummary;
  readonly #options: TallyOptions;
  readonly #subResults = new SubResults();
  readonly #transactions: Parts = { count: 0, failed: 0 };
  readonly #parts: Parts = { count: 0, failed: 0 };
  readonly #assumptions: Problem[] = [];
  #damaged = 0;
  #damagedFailures = 0;
  #withoutTime = 0;

  constructor(summary: JtlSummary, options: TallyOptions) {
    this.#summary = summary;
    this.#options = options;
  }

  add(read: Read): void {
    if (read.kind === 'sample') {
      for (const judged of this.#subResults.add(read.sample)) this.#judge(judged);
    } else if (read.kind === 'assumption') this.#assumptions.push(read.problem);
    else {
      this.#damaged += 1;
      this.#options.onDamage(read.problem);
      if (!read.isFailure) return;
      this.#damagedFailures += 1;
      this.#summary.add(unreadableFailure);
    }
  }

  end(): void {
    for (const judged of this.#subResults.end()) this.#judge(judged);
  }

  get leftOut(): LeftOut {
    return {
      transactions: this.#transactions,
      subResults: this.#parts,
      damagedLines: this.#damaged,
      damagedFailures: this.#damagedFailures,
      failedWithoutTime: this.#withoutTime,
      assumptions: this.#assumptions,
    };
  }

  #judge({ sample, isSubResult }: Judged): void {
    const parts = this.#partsOf(sample, isSubResult);
    if (parts !== null) {
      parts.count += 1;
      if (!sample.isSuccess) parts.failed += 1;
      if (!this.#options.withTransactions) return;
    }
    if (sample.sentAtMs === null || sample.elapsedMs === null) this.#withoutTime += 1;
    this.#summary.add(sample);
  }

  /** A failed transaction with impossible times counts: the request that failed may be nowhere else in the file. */
  #partsOf(sample: JtlSample, isSubResult: boolean): Parts | null {
    if (isSubResult) return this.#parts;
    const hasTimes = sample.sentAtMs !== null && sample.elapsedMs !== null;
    return sample.isTransaction && hasTimes ? this.#transactions : null;
  }
}
