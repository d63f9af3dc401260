import { styleText } from 'node:util';
import { count, percentOfAll, responseTime } from '../../shared/terminal/format.ts';
import { bar } from '../../shared/terminal/text.ts';
import type { Summary } from './latencies.ts';

/** Current state of one application server; null is unknown. */
export interface ServerRow {
  readonly name: string;
  readonly cores: number;
  /** CPU used / its quota, 0 to 1, as its agent reports. */
  readonly cpu: number | null;
  /** HAProxy's weight now, 0 to 256, and its share of the sum, 0 to 1. */
  readonly weight: number | null;
  readonly share: number | null;
  /** Requests that it answered per second, over the last seconds. */
  readonly answeredPerSecond: number;
  /** Most requests at once that HAProxy has there now; null: unknown. */
  readonly limit: number | null;
}

/** Everything that the live view shows. */
export interface Frame {
  readonly phase: 'without' | 'with';
  readonly policy: string;
  readonly elapsedSeconds: number;
  readonly phaseSeconds: number;
  readonly slowed: { readonly server: string; readonly lostShare: number; readonly secondsAgo: number } | null;
  readonly servers: readonly ServerRow[];
  /** Requests that wait in HAProxy for any server; null: unknown. */
  readonly waiting: number | null;
  /** How long "the last seconds" are. */
  readonly windowSeconds: number;
  readonly deadlineMs: number;
  readonly now: Summary;
  /** The same moment of the phase without the controller; null during that phase. */
  readonly before: Summary | null;
}

export interface ViewStyle {
  readonly columns: number;
  readonly colour: boolean;
}

/** From this share of its CPU quota on, a server is marked as full. */
const fullCpu = 0.95;

/** The lines of one frame. None is longer than the columns, and the number of lines is always the same. */
export function renderFrame(frame: Frame, style: ViewStyle): readonly string[] {
  const { deadlineMs } = frame;
  const cut = (line: string) => line.slice(0, style.columns);
  const paint = (colour: Colour | null, line: string) =>
    style.colour && colour !== null ? styleText(colour, cut(line), { validateStream: false }) : cut(line);
  const measured = (name: string, { p50Ms, p99Ms, withinSecond, failed }: Summary) =>
    name.padEnd(24) +
    responseTime(p50Ms, deadlineMs).padStart(11) +
    responseTime(p99Ms, deadlineMs).padStart(11) +
    percentOfAll(withinSecond, 1).padStart(17) +
    count(failed).padStart(11);
  return [
    paint('bold', heading(frame)),
    paint(frame.slowed === null ? null : 'yellow', slowedLine(frame)),
    '',
    paint('bold', 'server   cores   CPU of its quota    limit   weight   share of weight   req/s'),
    ...frame.servers.map((row) => paint(isFull(row) ? 'red' : null, serverLine(row, frame))),
    paint(null, `waiting in HAProxy for any server: ${count(frame.waiting)}`),
    '',
    paint('bold', `last ${frame.windowSeconds} seconds                    p50        p99  answered in 1 s     failed`),
    ...(frame.before === null
      ? [paint(null, measured('without the controller', frame.now)), '']
      : [
          paint(null, measured('without, at this moment', frame.before)),
          paint('green', measured('with the controller', frame.now)),
        ]),
  ];
}

/** The same in one line, without a terminal. */
export function renderLine({ phase, elapsedSeconds, deadlineMs, now, servers }: Frame): string {
  const times = `p50 ${responseTime(now.p50Ms, deadlineMs)}, p99 ${responseTime(now.p99Ms, deadlineMs)}`;
  const weights = servers.map(({ weight }) => weight ?? '-').join('/');
  return `${phase} ${elapsedSeconds.toFixed(0)} s: ${times}, ${percentOfAll(now.withinSecond)} in 1 s, weights ${weights}`;
}

type Colour = 'bold' | 'red' | 'green' | 'yellow';

function heading({ phase, policy, elapsedSeconds, phaseSeconds }: Frame): string {
  const what = phase === 'without' ? '1 of 2: without the controller, equal weights' : `2 of 2: with it (${policy})`;
  const clock = `${Math.min(elapsedSeconds, phaseSeconds).toFixed(0)} of ${phaseSeconds} s`;
  return `phase ${what}`.padEnd(64) + clock.padStart(13);
}

function slowedLine({ slowed, phaseSeconds }: Frame): string {
  if (slowed === null) return `a noisy neighbour comes after ${phaseSeconds / 2} s`;
  const { server, lostShare, secondsAgo } = slowed;
  return `a noisy neighbour burns ${percentOfAll(lostShare)} of ${server}'s CPU since ${secondsAgo.toFixed(0)} s`;
}

function isFull({ cpu }: ServerRow): boolean {
  return cpu !== null && cpu >= fullCpu;
}

function serverLine(row: ServerRow, { slowed }: Frame): string {
  const name = slowed?.server === row.name ? `${row.name} slow` : row.name;
  return [
    name.padEnd(8),
    row.cores.toFixed(2).padStart(6),
    `   ${bar(row.cpu)} ${percentOfAll(row.cpu).padStart(5)} ${isFull(row) ? '!' : ' '}`,
    count(row.limit).padStart(6),
    count(row.weight).padStart(9),
    `${percentOfAll(row.share).padStart(7)} ${bar(row.share)}`,
    row.answeredPerSecond.toFixed(1).padStart(8),
  ].join('');
}
