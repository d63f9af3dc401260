import { markdownTable } from '../../../support/markdown.ts';
import type { ContenderName } from '../../contenders.ts';
import { type Improvement, improvementOf } from '../comparison.ts';
import { formatImprovement, formatShare, none } from '../format.ts';
import { claimedSituations, type Situation, situations } from '../groups.ts';
import { measured, type Results } from '../results.ts';
import { rule, type Verdict, verdictOnImprovement, verdictOnShare } from '../verdict.ts';
import { recommended } from './leastconn.ts';
import { reference } from './ranking.ts';

/** The publication's own policy, its baseline, and plain round robin; all under the algorithm that it ran on. */
const paper: ContenderName = 'paper+roundrobin';
export const baseline: ContenderName = 'least-utilised+roundrobin';
const rivals = { 'its baseline': baseline, 'round robin': 'roundrobin' } as const;

interface Claim {
  readonly source: 'CLOSER 2022' | 'journal';
  readonly situation: Situation;
  readonly rival: keyof typeof rivals;
  /** A share: 0.1 is 10 % faster. */
  readonly claimed: number;
}

const claims: readonly Claim[] = [
  { source: 'CLOSER 2022', situation: 'flash crowds', rival: 'its baseline', claimed: 0.0566 },
  { source: 'CLOSER 2022', situation: 'flash crowds', rival: 'round robin', claimed: 0.1515 },
  { source: 'journal', situation: 'flash crowds', rival: 'its baseline', claimed: 0.125 },
  { source: 'journal', situation: 'flash crowds', rival: 'round robin', claimed: 0.223 },
  { source: 'journal', situation: 'resource failures', rival: 'its baseline', claimed: 0.207 },
  { source: 'journal', situation: 'resource failures', rival: 'round robin', claimed: 0.214 },
];
const claimedWithinSecond = 0.9;

export interface ClaimResult {
  readonly claim: string;
  readonly claimed: string;
  /** With failures charged: this is judged. */
  readonly measured: string;
  /** Of answered requests only. */
  readonly answered: string;
  readonly details: string;
  readonly verdict: Verdict;
}

export function claimResults(results: Results): ClaimResult[] {
  const improvements = claims.map(({ source, situation, rival, claimed }): ClaimResult => {
    const [found, answered] = (['chargedMeanMs', 'meanMs'] as const).map(
      (measure) => improvementOf(results, claimedSituations[situation], paper, rivals[rival], measure) ?? null,
    );
    return {
      claim: `mean response time against ${rival} in ${situation} (${source})`,
      claimed: `${formatImprovement(claimed).replace('+', '')} better`,
      measured: found ? rangeOf(found) : none,
      answered: answered ? rangeOf(answered) : none,
      details: found ? detailsOf(found) : '',
      verdict: verdictOnImprovement(claimed, found ?? null),
    };
  });
  return [...improvements, ...situations.map((situation) => withinSecond(results, situation))];
}

export function claimsTable(results: Results): string {
  return markdownTable(
    ['claim', 'claimed', 'measured, failures as 5 s', 'measured, answered requests only', 'of which', 'verdict'],
    claimResults(results).map(({ claim, claimed, measured: found, answered, details, verdict }) => [
      claim,
      claimed,
      found,
      answered,
      details,
      `**${verdict}**`,
    ]),
  );
}

export function claimsRule(): string {
  return [
    `The publication's policy is \`${paper}\` here, its baseline \`${baseline}\`, and round robin \`roundrobin\`. Times are ` +
      'compared in pairs of runs that had the same requests at the same instants; the figure is from the geometric ' +
      "mean of the scenarios' median ratios, its range from the worst pair of each scenario to the best. Flash crowds " +
      `are ${listOf('flash crowds')}; resource failures are ${listOf('resource failures')}.`,
    rule,
  ].join('\n\n');
}

/** The same comparisons for our own policies: how much better it can be. */
export function betterTable(results: Results): string {
  const others: readonly ContenderName[] = [baseline, 'roundrobin', paper];
  return markdownTable(
    [
      'contender',
      'situation',
      ...others.map((name) => `mean, failures as 5 s, against \`${name}\``),
      'more failed than round robin, %',
    ],
    [...recommended, reference].flatMap((one) =>
      situations.flatMap((situation) => {
        const found = others.map((other) =>
          improvementOf(results, claimedSituations[situation], one, other, 'chargedMeanMs'),
        );
        if (found.every((each) => each === null)) return [];
        const extra = improvementOf(
          results,
          claimedSituations[situation],
          one,
          'roundrobin',
          'chargedMeanMs',
        )?.extraFailed;
        return [
          [
            `\`${one}\``,
            situation,
            ...found.map((each) => (each === null ? none : rangeOf(each))),
            extra === undefined ? none : (100 * extra).toFixed(2),
          ],
        ];
      }),
    ),
  );
}

function withinSecond(results: Results, situation: Situation): ClaimResult {
  const found = claimedSituations[situation].flatMap((scenario) => {
    const spread = measured(results, scenario, paper, 'withinSecond');
    return spread === null ? [] : [{ scenario, ...spread }];
  });
  const [lowest] = found.toSorted((a, b) => a.median - b.median);
  return {
    claim: `answered within a second in ${situation}`,
    claimed: `${formatShare(claimedWithinSecond)} %`,
    measured: lowest === undefined ? none : `${formatShare(lowest.median)} % in \`${lowest.scenario}\`, the lowest`,
    answered: '',
    details: lowest === undefined ? '' : `lowest run ${formatShare(Math.min(...found.map(({ min }) => min)))} %`,
    verdict: verdictOnShare(
      claimedWithinSecond,
      found.map((spread) => spread.median),
      found.map(({ min }) => min),
    ),
  };
}

function rangeOf({ improvement, least, most }: Improvement): string {
  const [middle, low, high] = [improvement, least, most].map(formatImprovement);
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
}

function detailsOf({ pairs, faster, extraFailed, scenarios }: Improvement): string {
  const more = `${extraFailed < 0 ? '' : '+'}${(100 * extraFailed).toFixed(2)} % failed`;
  return `faster in ${faster} of ${pairs} pairs, ${scenarios.length} scenarios, ${more}`;
}

function listOf(situation: Situation): string {
  return claimedSituations[situation].map((name) => `\`${name}\``).join(', ');
}
