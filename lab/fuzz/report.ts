import { count } from '../../shared/terminal/format.ts';
import { markdownTable } from '../support/markdown.ts';
import { growthOf, inMib } from './memory.ts';
import type { Progress } from './protocol.ts';
import type { TargetResult } from './run-target.ts';

/** Kinds of outcome that are listed one by one. */
const maxOutcomes = 12;

/** The progress of a target in one line. */
export function progressLine(target: string, { cases, failures }: Progress, secondsLeft: number): string {
  const failed = failures.length === 0 ? '' : `, ${failures.length} kinds of failure`;
  return `${target}: ${count(cases)} cases${failed}, ${Math.max(0, Math.round(secondsLeft))} s left`;
}

/** A table of the targets, then the outcomes of each. */
export function renderReport(results: readonly TargetResult[]): string {
  const columns = ['target', 'cases', 'cases/s', 'slowest, CPU ms', 'heap', 'resident', 'descriptors'];
  const rows = results.map(({ target, seconds, progress }) => {
    const { cases, slowest, memory, descriptors } = progress;
    const growth = growthOf(memory);
    const grown = (bytes: number | null | undefined) =>
      bytes === null || bytes === undefined ? '-' : `${bytes > 0 ? '+' : ''}${inMib(bytes)}`;
    return [
      target,
      count(cases),
      count(cases / seconds),
      `${Math.round(slowest.cpuMs)} (case ${slowest.case})`,
      grown(growth?.heapBytes),
      grown(growth?.residentBytes),
      `${descriptors.before ?? '-'} -> ${descriptors.after ?? '-'}`,
    ];
  });
  return [markdownTable(columns, rows), '', ...results.map(renderOutcomes)].join('\n');
}

function renderOutcomes({ target, progress: { outcomes } }: TargetResult): string {
  const lines = outcomes.slice(0, maxOutcomes).map(([name, times]) => `${count(times).padStart(10)}  ${name}`);
  const others = outcomes.slice(maxOutcomes);
  const rest = others.reduce((sum, [, times]) => sum + times, 0);
  if (others.length > 0) lines.push(`${count(rest).padStart(10)}  ${others.length} other outcomes`);
  return [`${target}: outcomes of its cases`, ...lines].join('\n');
}
