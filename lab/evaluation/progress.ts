import { Progress } from '../../shared/terminal/progress.ts';
import { bar } from '../../shared/terminal/text.ts';

const barWidth = 24;
const minuteMs = 60_000;

/** Shows the progress of a run and the time that is left. */
export class CellProgress implements Disposable {
  readonly #progress = new Progress(process.stderr, { inLog: true });
  readonly #cells: number;
  readonly #startedMs = performance.now();
  readonly #current: string[] = [];
  #done = 0;

  /** `cells`: number of cells to measure. */
  constructor(cells: number) {
    this.#cells = cells;
  }

  say(what: string): void {
    this.#progress.show(what);
  }

  begin(job: number, what: string): void {
    this.#current[job] = what;
    this.#show();
  }

  /** `discarded`: why the cell does not count; null if it does. */
  end(job: number, discarded: string | null): void {
    this.#done += 1;
    if (discarded !== null) this.#progress.say(`experiment: ${this.#current[job]} does not count: ${discarded}`);
    this.#show();
  }

  [Symbol.dispose](): void {
    this.#progress[Symbol.dispose]();
  }

  #show(): void {
    const share = this.#done / this.#cells;
    const left = ((performance.now() - this.#startedMs) / this.#done) * (this.#cells - this.#done);
    const time = this.#done === 0 ? '' : `, ${Math.ceil(left / minuteMs)} min left`;
    const now = this.#current.filter(Boolean).join('; ');
    this.#progress.show(`[${bar(share, barWidth)}] ${this.#done} of ${this.#cells} cells${time}: ${now}`);
  }
}
