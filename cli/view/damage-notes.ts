import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { note } from '../exit.ts';

/** Damaged lines that are named one by one; a file may have a million. */
const maxNamed = 5;

/** Names the first damaged lines on standard error, and counts the others. */
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
