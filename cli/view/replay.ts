import type { ReplaySummary, ServerComparison, TickComparison } from '../../controller/index.ts';
import { percent } from '../../shared/terminal/format.ts';
import { clip } from '../../shared/terminal/text.ts';

const width = 80;

/** What a replay cannot show. */
export const replayNote = `The traffic was what the recorded policy caused: a replay shows what another
policy would have decided, not what would have come of it.`;

/** One tick as one line: the time, and each server's weight recorded>replayed, those that differ most if not all fit. */
export function renderReplayTick({ at, backend, servers }: TickComparison): string {
  const head = `${clock(at)} ${clip(backend, 12)}`;
  const room = width - head.length;
  const cells = servers.map(cell);
  if (lengthOf(cells) <= room) return head + cells.join('');
  const byDifference = servers.toSorted((one, other) => differenceOf(other) - differenceOf(one)).map(cell);
  const more = (shown: number) => `  +${servers.length - shown} more`;
  let shown = byDifference.length;
  while (shown > 0 && lengthOf(byDifference.slice(0, shown)) + more(shown).length > room) shown -= 1;
  return head + byDifference.slice(0, shown).join('') + more(shown);
}

/** What both did over all ticks of one backend, as lines of at most 80 columns. */
export function renderReplaySummary(summary: ReplaySummary): string {
  const { backend, policy, recordedPolicies, ticks, servers, from, to, largestDifference: largest } = summary;
  const both = ({ recorded, replayed }: { recorded: number; replayed: number }) =>
    `${String(recorded).padStart(10)} ${String(replayed).padStart(10)}`;
  const { moreShare, lessShare, sameShare } = summary.overThreshold;
  const lines = [
    `${clip(backend, 20)}: ${clip(recordedPolicies.join(', '), 24)} recorded, ${policy} replayed`,
    `  ${ticks} ticks of ${servers} servers, ${instant(from)} to ${instant(to)}`,
    ...remarks(summary),
    '',
    `${''.padEnd(44)}${'recorded'.padStart(10)} ${'replayed'.padStart(10)}`,
    `${'  weight changes written'.padEnd(44)}${both(summary.weightChanges)}`,
    `${'  servers drained'.padEnd(44)}${both(summary.drains)}`,
    `${'  ticks with every weight 0 (a 503 for all)'.padEnd(44)}${both(summary.allZeroTicks)}`,
    '',
    `  shares differ by ${percent(summary.meanShareDifference, 2)} of the traffic in the mean`,
  ];
  if (largest !== null) {
    const shares = `${percent(largest.share.recorded, 1)} recorded, ${percent(largest.share.replayed, 1)} replayed`;
    lines.push(`  at most at ${instant(largest.at)} on ${clip(largest.server, 30)}:`, `  ${shares}`);
  }
  const over = moreShare + lessShare + sameShare;
  lines.push(`  over a threshold: a server for a tick, ${over} times; replayed it had then`);
  lines.push(`  less share in ${lessShare}, more in ${moreShare}, the same in ${sameShare}`);
  return lines.join('\n');
}

/** What one should know before reading the figures. */
function remarks(summary: ReplaySummary): string[] {
  const { repeated, outcomes, ticks } = summary;
  const lines: string[] = [];
  if (repeated.ticks > 0 && repeated.equal === repeated.ticks) {
    lines.push(`  policy and settings as recorded: all ${repeated.ticks} ticks are decided the same`);
  } else if (repeated.ticks > 0) {
    const first = instant(repeated.firstDifferenceAt);
    lines.push(`  policy and settings as recorded: ${repeated.equal} of ${repeated.ticks} ticks are decided`);
    lines.push(`  the same; the first that is not at ${first}`);
  }
  if (summary.runs > 1) lines.push(`  the controller was started ${summary.runs} times; each start learns anew`);
  if (summary.cutRuns > 0) {
    lines.push('  recorded from the middle of a run: what the policy had learned before it');
    lines.push('  is not known, so decisions differ at first');
  }
  if (summary.missingTicks > 0) lines.push(`  ${summary.missingTicks} ticks between these are missing`);
  if (outcomes['dry-run'] > 0) {
    lines.push(`  ${outcomes['dry-run']} of ${ticks} ticks were a dry run: nothing was written, so both decide each`);
    lines.push("  of these ticks from HAProxy's own weights, and want the same change again");
  }
  if (outcomes.refused > 0) lines.push(`  HAProxy took no weights at ${outcomes.refused} ticks`);
  if (summary.failure !== null) {
    lines.push(`  failed at ${summary.failedTicks} ticks: ${clip(summary.failure, 55)}`);
  }
  return lines;
}

function cell({ server, weight }: ServerComparison): string {
  return `  ${clip(server, 20)} ${weight.recorded}>${weight.replayed}`;
}

function lengthOf(cells: readonly string[]): number {
  return cells.reduce((sum, each) => sum + each.length, 0);
}

function differenceOf({ share }: ServerComparison): number {
  return share === null ? -1 : Math.abs(share.replayed - share.recorded);
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

/** UTC, to the second. */
function instant(at: number | null): string {
  return at === null ? '-' : `${new Date(at).toISOString().slice(0, 19)}Z`;
}
