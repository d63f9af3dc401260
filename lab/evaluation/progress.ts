import { endProgress, showProgress } from '../support/progress.ts';

const barWidth = 24;
const minuteMs = 60_000;

/** How far a run is, on standard error: one line that is written over on a terminal, now and then a line in a log. */
export class Progress implements Disposable {
  readonly #cells: number;
  readonly #startedMs = performance.now();
  readonly #current: string[] = [];
  #done = 0;

  /** `cells`: how many are to be measured. */
  constructor(cells: number) {
    this.#cells = cells;
  }

  say(what: string): void {
    showProgress(what);
  }

  begin(job: number, what: string): void {
    this.#current[job] = what;
    this.#show();
  }

  /** `discarded`: why the cell does not count, null where it does. */
  end(job: number, discarded: string | null): void {
    this.#done += 1;
    if (discarded !== null) {
      endProgress();
      process.stderr.write(`experiment: ${this.#current[job]} does not count: ${discarded}\n`);
    }
    this.#show();
  }

  [Symbol.dispose](): void {
    endProgress();
  }

  #show(): void {
    const share = this.#done / this.#cells;
    const bar = '#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '.');
    const left = ((performance.now() - this.#startedMs) / this.#done) * (this.#cells - this.#done);
    const time = this.#done === 0 ? '' : `, ${Math.ceil(left / minuteMs)} min left`;
    const now = this.#current.filter(Boolean).join('; ');
    showProgress(`[${bar}] ${this.#done} of ${this.#cells} cells${time}: ${now}`);
  }
}
