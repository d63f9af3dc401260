import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { type Tone, toned } from '../../shared/terminal/text.ts';

/** What one check found. A warning is worth knowing but does not fail the check-up. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail';
  readonly check: string;
  readonly detail: string;
}

export function fine(check: string, detail: string): Finding {
  return { state: 'ok', check, detail };
}

export function warning(check: string, detail: string): Finding {
  return { state: 'warn', check, detail };
}

export function failure(check: string, problem: Problem): Finding {
  return { state: 'fail', check, detail: formatProblem(problem) };
}

const tones: Readonly<Record<Finding['state'], Tone>> = { ok: 'good', warn: 'warn', fail: 'bad' };

export function renderFinding({ state, check, detail }: Finding): string {
  return `${toned(state.padEnd(4), tones[state])}  ${check}: ${detail}`;
}
