import { decimal, spacedPercent } from '../../shared/terminal/format.ts';
import { type Finding, type Goal, isMet, shortfall } from './goal.ts';
import type { Measure } from './measure.ts';

export interface GoalReport {
  readonly name: string;
  readonly text: string;
  readonly met: boolean;
  /** Misses first, the largest first; then the ones nearest to their bound. */
  readonly findings: readonly Finding[];
}

export function reportOf(goal: Goal, measure: Measure): GoalReport {
  const findings = [...goal.findings(measure)].sort((a, b) => rank(b) - rank(a));
  return { name: goal.name, text: goal.text, met: findings.every(isMet), findings };
}

/** A missing figure counts as the worst. */
function rank(finding: Finding): number {
  return Number.isNaN(finding.value) ? Number.POSITIVE_INFINITY : shortfall(finding);
}

/** The goal, what was measured where it was worst, and every miss. */
export function formatGoal({ name, text, met, findings }: GoalReport): string {
  const missed = findings.filter((finding) => !isMet(finding));
  const shown = missed.length === 0 ? findings.slice(0, 1) : missed;
  const count = met ? `worst of ${findings.length}` : `missed ${missed.length} of ${findings.length}`;
  const lines = shown.map((finding) => `             ${formatFinding(finding)}`);
  return [`${name.padEnd(4)} ${met ? 'met   ' : 'MISSED'}  ${text}`, `             ${count}:`, ...lines].join('\n');
}

const formats = {
  ratio: (value: number) => decimal(value, 3),
  percent: (value: number) => spacedPercent(value, 2),
  ticks: (value: number) => String(value),
} as const;

function formatFinding({ what, where, value, bound, by, unit }: Finding): string {
  return `${what} ${formats[unit](value)} (${by} ${formats[unit](bound)}) ${where}`;
}
