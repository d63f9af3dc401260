import { percent } from '../../shared/terminal/format.ts';
import type { TickSample } from '../../testbed/simulator/result.ts';
import type { Measured } from '../simulate/run.ts';
import { type Column, renderTable } from './table.ts';

/** Servers that fit into 80 columns; --json has all. */
const maxServers = 7;

/** For the first seed: weights at the first HAProxy after each tick, and utilisation of the servers since the last tick. */
export function renderSamples({ candidate, runs }: Measured): string {
  const { policy, balance, experiment } = candidate;
  const [first] = runs;
  const shown = experiment.fleet.slice(0, maxServers);
  const more = experiment.fleet.length - shown.length;
  const columns: readonly Column<TickSample>[] = [
    { title: 'TIME', width: 7, align: 'right', text: ({ atSeconds }) => `${atSeconds.toFixed(0)} s` },
    ...shown.map(({ name }, index): Column<TickSample> => {
      return { title: name, width: 8, align: 'right', text: (sample) => cell(sample, index) };
    }),
  ];
  const title = `${policy}, ${balance}, seed ${first?.seed}: weight and utilisation, tick by tick`;
  const rest = more === 0 ? [] : [`${more} more servers: --json --samples`];
  return [title, renderTable(columns, first?.result.samples ?? []), ...rest].join('\n');
}

function cell({ weights, up, utilisation }: TickSample, index: number): string {
  const busy = up[index] === true ? percent(utilisation[index] ?? null) : 'down';
  return `${weights[index] ?? '-'} ${busy.padStart(4)}`;
}
