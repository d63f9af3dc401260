import { spacedPercent } from '../../shared/terminal/format.ts';
import type { Experiment, ServerEvent } from '../../testbed/simulator/schema.ts';

/** Lines of what happens; a flash crowd has a dozen bursts. */
const mostLines = 4;

/** What happens in the run, to which server and when, in seconds after the warm-up; and what comes after its end. */
export function renderEvents({ scenario, seconds }: Pick<Experiment, 'scenario' | 'seconds'>): readonly string[] {
  const happenings = [
    ...scenario.loads.map(ofLoad),
    ...scenario.events.map(ofServer),
    ...scenario.addressMoves.map(ofMove),
  ].toSorted((one, other) => {
    return one.fromSeconds - other.fromSeconds;
  });
  const within = happenings.filter(({ fromSeconds }) => fromSeconds < seconds);
  const after = happenings.filter(({ fromSeconds }) => fromSeconds >= seconds);
  return [
    ...firstOf(
      within.map(
        (each) => `  at ${rounded(each.fromSeconds)} s ${each.what}${lasting(each, seconds)}${each.note ?? ''}`,
      ),
    ),
    ...firstOf(
      after.map(({ fromSeconds, what }) => {
        return `! never happens, as the run ends at ${rounded(seconds)} s: at ${rounded(fromSeconds)} s ${what}`;
      }),
    ),
  ];
}

interface Happening {
  readonly fromSeconds: number;
  readonly untilSeconds?: number | undefined;
  readonly what: string;
  readonly note?: string | undefined;
}

function lasting({ fromSeconds, untilSeconds }: Happening, seconds: number): string {
  if (untilSeconds === undefined || untilSeconds >= seconds) return ' until the end';
  return ` for ${rounded(untilSeconds - fromSeconds)} s`;
}

function firstOf(lines: readonly string[]): readonly string[] {
  const more = lines.length - mostLines;
  return more <= 0 ? lines : [...lines.slice(0, mostLines - 1), `  and ${more + 1} more like these`];
}

function ofLoad({ fromSeconds, untilSeconds, load }: Experiment['scenario']['loads'][number]): Happening {
  return { fromSeconds, untilSeconds, what: `the load is ${spacedPercent(load)}` };
}

function ofMove({ fromSeconds, toHaproxy }: Experiment['scenario']['addressMoves'][number]): Happening {
  return { fromSeconds, what: `HAProxy ${toHaproxy} gets every new request` };
}

function ofServer(event: ServerEvent): Happening {
  const { server, fromSeconds, untilSeconds } = event;
  return { fromSeconds, untilSeconds, what: `${server} ${doing(event)}`, note: notes[event.kind] };
}

const notes: Partial<Record<ServerEvent['kind'], string>> = {
  slow: '; the CPU metric shows it',
  'hidden-slow': '; the CPU metric shows half',
};

function doing(event: ServerEvent): string {
  switch (event.kind) {
    case 'crash':
      return 'crashes';
    case 'removed':
      return 'is removed';
    case 'slow':
    case 'hidden-slow':
      return `has ${spacedPercent(event.factor)} of its capacity`;
    case 'frozen-agent':
      return 'has an agent that hangs';
    case 'lying-agent':
      return `has an agent that reports ${spacedPercent(event.utilisation)} for every metric`;
    case 'metric':
      return `has ${event.metric} at ${spacedPercent(event.utilisation)}${event.withLoad === 0 ? '' : ' and more with load'}`;
    case 'wait':
      return `answers each request ${rounded(event.ms)} ms later`;
    case 'slow-disk':
      return `waits ${event.times} times as long without CPU`;
    case 'blackhole':
      return 'answers 500 to everything';
    case 'errors':
      return `answers ${event.status ?? 500} to ${spacedPercent(event.share)} of its requests`;
  }
}

/** Whole numbers as they are, others with one decimal. */
function rounded(value: number): string {
  return String(Number(value.toFixed(1)));
}
