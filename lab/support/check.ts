import { markdownTable } from './markdown.ts';

/** One line of a verdict: what was checked, what was measured, and the bound. */
export interface Check {
  readonly name: string;
  /** `not judged`: too little was seen, or the machine was too busy for it. */
  readonly verdict: 'met' | 'failed' | 'not judged';
  readonly measured: string;
  readonly bound: string;
}

export function check(name: string, isMet: boolean, measured: string, bound: string): Check {
  return { name, verdict: isMet ? 'met' : 'failed', measured, bound };
}

export function isPassed(checks: readonly Check[]): boolean {
  return checks.every(({ verdict }) => verdict !== 'failed');
}

/** As a Markdown table. */
export function formatChecks(checks: readonly Check[]): string {
  return markdownTable(
    ['what', 'measured', 'bound', 'verdict'],
    checks.map(({ name, verdict, measured, bound }) => [name, measured, bound, verdict]),
  );
}
