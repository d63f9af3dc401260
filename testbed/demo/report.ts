import { count, percentOfAll, responseTime } from '../../shared/terminal/format.ts';
import type { DemoResult, PhaseResult } from './result.ts';
import { fallenBelow } from './slowdown.ts';

/** From this lag on, in ms, the generator's own lateness is worth a warning. */
const lagWorthSaying = 20;
/** Ticks after the slowdown that are listed. */
const ticksShown = 10;

/** The table at the end, for people: at most 80 columns, no colour. */
export function renderReport(result: DemoResult): readonly string[] {
  return [
    ...heading(result),
    '',
    ...comparison(result),
    '',
    ...servers(result),
    '',
    ...slowdown(result),
    '',
    ...fairness(result),
  ];
}

function heading({ settings, without }: DemoResult): readonly string[] {
  const { phaseSeconds, slowed } = settings;
  return [
    `Measured: both phases of ${phaseSeconds} s got the same ${count(without.requests)} requests at the same times with`,
    `the same work; ${slowed.server} lost ${percentOfAll(slowed.lostShare)} of its CPU to a noisy neighbour after ${phaseSeconds / 2} s.`,
  ];
}

function comparison({ settings, without, with: controlled }: DemoResult): readonly string[] {
  const time = (value: (phase: PhaseResult) => number | null) => (phase: PhaseResult) =>
    responseTime(value(phase), settings.deadlineMs);
  const rows: readonly (readonly [string, (phase: PhaseResult) => string])[] = [
    ['half were answered in (p50)', time(({ p50Ms }) => p50Ms)],
    ['99 % were answered in (p99)', time(({ p99Ms }) => p99Ms)],
    ['  sent before the slowdown', time(({ p99BeforeSlowdownMs }) => p99BeforeSlowdownMs)],
    ['  sent after it', time(({ p99AfterSlowdownMs }) => p99AfterSlowdownMs)],
    ['mean', time(({ meanMs }) => meanMs)],
    ['answered within 1 s', ({ withinSecond }) => percentOfAll(withinSecond, 1)],
    ['failed', ({ failed }) => count(failed)],
    ['answered per second', ({ answeredPerSecond }) => answeredPerSecond.toFixed(1)],
  ];
  return [
    `${''.padEnd(32)}${'without controller'.padStart(22)}${'with controller'.padStart(20)}`,
    ...rows.map(([name, show]) => `${name.padEnd(32)}${show(without).padStart(22)}${show(controlled).padStart(20)}`),
  ];
}

function servers({ settings, without, with: controlled }: DemoResult): readonly string[] {
  return [
    'server     cores     share of answers: without        with   weight at the end',
    ...settings.servers.map(({ name, cores }) =>
      [
        name.padEnd(11),
        cores.toFixed(2).padStart(5),
        percentOfAll(without.answeredShares[name] ?? null).padStart(30),
        percentOfAll(controlled.answeredShares[name] ?? null).padStart(12),
        count(controlled.finalWeights[name] ?? null).padStart(20),
      ].join(''),
    ),
  ];
}

function slowdown({ slowdown: { server, shareBefore, sharesAfter, fellAfterTicks }, periodMs }: DemoResult) {
  const after = sharesAfter.slice(0, ticksShown).map((share) => percentOfAll(share));
  return [
    `Share of the weights of ${server}: ${percentOfAll(shareBefore)} before the slowdown; after each tick since:`,
    `  ${after.join(', ')}${sharesAfter.length > ticksShown ? ' ...' : ''}`,
    fellAfterTicks === null
      ? 'its share did not fall after the slowdown'
      : `its share fell ${fellAfterTicks} tick${fellAfterTicks === 1 ? '' : 's'} after the slowdown`,
    `  (a tick every ${periodMs / 1_000} s; fell: by more than ${percentOfAll(1 - fallenBelow)} of what it was)`,
  ];
}

function fairness({ settings, without, with: controlled, restoredWeights }: DemoResult): readonly string[] {
  const lagMs = Math.max(without.generatorLagP99Ms ?? 0, controlled.generatorLagP99Ms ?? 0);
  const restored = settings.servers.every(({ name }) => restoredWeights[name] === settings.configuredWeight);
  const now = settings.servers.map(({ name }) => restoredWeights[name] ?? '-').join(', ');
  return [
    'The controller started cold with its phase, so its time to learn counts.',
    `Times count from when a request was to be sent; a failed one counts as ${settings.deadlineMs / 1_000} s.`,
    lagMs < lagWorthSaying
      ? `The load generator kept up: 99 % of its requests were at most ${lagMs.toFixed(1)} ms late.`
      : `The machine was busy: the load generator was up to ${lagMs.toFixed(0)} ms late (p99).`,
    restored
      ? `The controller has left; weights are as configured again: ${now}.`
      : `The controller has left; HAProxy's weights are now ${now}.`,
  ];
}
