import type { Decision } from '../../shared/contract/decision.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { Written } from '../act/writer.ts';
import type { TickRecord } from '../record/recording.ts';

/** What happened to a tick's decisions. `decisions` are those in force after it. */
export type TickResult =
  | Written
  /** Decided and shown, never sent; `problem` is what would keep HAProxy from using them. */
  | { readonly kind: 'dry-run'; readonly decisions: readonly Decision[]; readonly problem: Problem | null }
  /** The backend's algorithm does not use weights, so nothing was sent. */
  | { readonly kind: 'useless'; readonly decisions: readonly Decision[]; readonly problem: Problem };

/** The backend's problem after this tick, the most urgent one. `silent`: too few agents answer. */
export function problemAfter(result: TickResult, silent: Problem | null): Problem | null {
  switch (result.kind) {
    case 'useless':
    case 'refused':
      return result.problem;
    case 'dry-run':
      return result.problem ?? silent;
    case 'written':
      return silent ?? result.problem;
  }
}

/** The result as a recording names it. */
export function outcomeOf({ kind }: TickResult): TickRecord['outcome'] {
  return kind === 'useless' ? 'refused' : kind;
}
