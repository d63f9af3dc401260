import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { type Tone, toned } from '../../shared/terminal/text.ts';

/** A failure keeps haweight from its work; a warning does not make the doctor fail. */
export type Level = 'ok' | 'warning' | 'failure';

/** The result of one check, in one line: what was checked, what was found, how to fix it. */
export interface Finding {
  readonly level: Level;
  readonly check: string;
  readonly detail: string;
  /** What to do; null where nothing is to be done, or where the problem says it. */
  readonly fix: string | null;
  /** Where the finding is one of the documented problems. */
  readonly problem: Problem | null;
}

export function fine(check: string, detail: string): Finding {
  return { level: 'ok', check, detail, fix: null, problem: null };
}

export function warning(check: string, detail: string, fix: string | null = null): Finding {
  return { level: 'warning', check, detail, fix, problem: null };
}

/** A problem that does not keep haweight from its work. */
export function warningOf(check: string, problem: Problem): Finding {
  return { ...failure(check, problem), level: 'warning' };
}

export function failure(check: string, problem: Problem): Finding {
  return { level: 'failure', check, detail: formatProblem(problem), fix: null, problem };
}

const shown: Readonly<Record<Level, { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'ok', tone: 'good' },
  warning: { word: 'warn', tone: 'warn' },
  failure: { word: 'fail', tone: 'bad' },
};

export function renderFinding({ level, check, detail, fix }: Finding): string {
  const { word, tone } = shown[level];
  return `${toned(word.padEnd(4), tone)}  ${check}: ${detail}${fix === null ? '' : `. ${fix}`}`;
}

export function countOf(findings: readonly Finding[], level: Level): number {
  return findings.filter((finding) => finding.level === level).length;
}

/** What `haweight doctor --json` prints. */
export function documentOf(findings: readonly Finding[]) {
  return {
    version: 1,
    failures: countOf(findings, 'failure'),
    warnings: countOf(findings, 'warning'),
    findings: findings.map(({ level, check, detail, fix, problem }) => ({
      level,
      check,
      detail,
      ...(fix === null ? {} : { fix }),
      ...problem,
    })),
  };
}

const mostNames = 6;

/** Names in a sentence: all of a few, the first of many. */
export function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return more <= 0 ? names.join(', ') : `${names.slice(0, mostNames).join(', ')} and ${more} more`;
}
