import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { note } from '../exit.ts';

/** Damages that are named one by one; a foreign file may have a million. */
const maxNamed = 5;

/** Names damaged lines on standard error as they are met, and counts those beyond the first few. */
export class DamageNotes {
  count = 0;

  add(problem: Problem): void {
    this.count += 1;
    if (this.count <= maxNamed) note(formatProblem(problem));
  }

  end(): void {
    if (this.count > maxNamed) note(`${this.count - maxNamed} more damaged lines`);
  }
}
