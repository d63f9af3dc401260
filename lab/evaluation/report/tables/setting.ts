import { spacedPercent } from '../../../../shared/terminal/format.ts';
import { markdownTable } from '../../../support/markdown.ts';
import { balanceLine, type Contender } from '../../contenders.ts';
import { matrices } from '../../matrix.ts';
import type { Event, MatrixName, Scenario } from '../../scenarios.ts';
import { none } from '../format.ts';
import type { Results } from '../results.ts';

/** The scenarios, generated from the code so that the document agrees with it. */
export function scenarioTable(matrix: MatrixName): string {
  return markdownTable(
    ['scenario', 'what', "publication's figure", 'seconds', 'load / capacity', 'what happens'],
    matrices[matrix].scenarios.map((scenario) => [
      `\`${scenario.name}\``,
      scenario.title,
      scenario.figure ?? '',
      `${scenario.durationMs / 1_000}`,
      spacedPercent(scenario.load),
      happeningsOf(scenario),
    ]),
  );
}

export function contenderTable(matrix: MatrixName): string {
  return markdownTable(
    ['contender', "HAProxy's `balance`", 'weights'],
    matrices[matrix].contenders.map(({ name, algorithm, weights, limits }) => [
      `\`${name}\``,
      `\`${balanceLine(algorithm)}\``,
      weightsText(weights) + limitsText(limits),
    ]),
  );
}

function weightsText(weights: Contender['weights']): string {
  if (weights === 'none') return 'all equal, no controller';
  return weights === 'oracle'
    ? 'the true capacities at every moment, set at once: a bound that no real controller reaches'
    : `haweight, policy \`${weights}\``;
}

function limitsText(limits: Contender['limits']): string {
  if (limits === 'none') return '';
  return limits === 'on' ? ', and its limits' : `; \`maxconn ${limits}\` on each server`;
}

export function machineTable({ run }: Pick<Results, 'run'>): string {
  const { cpu, cores, memoryBytes, kernel } = run.machine;
  const capacities = Object.entries(run.capacities);
  const total = capacities.reduce((sum, [, capacity]) => sum + capacity, 0);
  return markdownTable(
    ['what', 'value'],
    [
      ['begun', run.startedAt],
      ['processor', `${cpu}, ${cores} cores`],
      ['memory', `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
      ['kernel', kernel],
      ['haweight, HAProxy, Node.js', [run.haweight, run.haproxy, run.node].join(', ')],
      ['servers', run.servers],
      ['requests that share the CPU of a server', `${run.atOnce}`],
      ['stacks beside each other', `${run.jobs}`],
      ['CPU time of a mean request', `${run.demandCpuMs} ms`],
      [
        'capacity, requests/s',
        `${total.toFixed(0)} (${capacities.map(([name, value]) => `${name} ${value.toFixed(0)}`).join(', ')})`,
      ],
      ['the same while other stacks were idle', run.capacityAlone?.toFixed(0) ?? none],
      ['matrix, repetitions, seed', [run.matrix, run.repetitions, run.seed].join(', ')],
    ],
  );
}

/** How many cells count, and each cell that does not, with its reason. */
export function completenessText({ cells, discarded, missing }: Results): string {
  const counts = `${cells.length} cells count, ${discarded.length} were discarded, ${missing} are missing.`;
  if (discarded.length === 0) return counts;
  const rows = discarded.map(({ scenario, contender, repetition, reason }) => [
    scenario,
    contender,
    `${repetition}`,
    reason.replaceAll(/\s+/g, ' '),
  ]);
  return `${counts}\n\n${markdownTable(['discarded: scenario', 'contender', 'repetition', 'because'], rows)}`;
}

function happeningsOf({ bursts, events = [], waitMs, slow }: Scenario): string {
  const burst = bursts && [
    `bursts of ${bursts.peaks.map((load) => spacedPercent(load)).join(', ')} of capacity for ${bursts.lengthMs} ms every ${bursts.everyMs / 1_000} s`,
  ];
  const wait = waitMs === undefined ? [] : [`every request waits ${waitMs} ms first, in the warm-up too`];
  const uneven =
    slow === undefined ? [] : [`${spacedPercent(slow.share)} of the requests need ${slow.factor} times the CPU`];
  return [...(burst ?? []), ...events.map(describe), ...wait, ...uneven].join('; ') || 'nothing';
}

function describe({ fromMs, toMs, servers, fault }: Event): string {
  const who = servers.join(', ');
  const when = `from ${fromMs / 1_000} s to ${toMs / 1_000} s`;
  if (fault.kind === 'gone') return `${who} gone ${when}`;
  if (fault.kind === 'waiting') return `requests to ${who} wait ${fault.waitMs} ms first ${when}`;
  if (fault.kind === 'failing') return `${who} answers 500 at once ${when}`;
  return `${fault.processes} ${fault.processes === 1 ? 'process burns' : 'processes burn'} CPU on ${who} ${when}`;
}
