import { count } from '../../shared/terminal/format.ts';
import { type Check, check } from '../support/check.ts';
import { answerMs, type Cell, longestMs, type Measured } from './cell.ts';
import { kindOf } from './kinds.ts';
import { handedOver } from './system.ts';

/** What is promised while a flood lasts (docs/security.md). Times in ms. */
export const bounds = {
  /** Most of another client's requests that are not answered in time, as a part of all; one is always forgiven. */
  unanswered: 0.2,
  /** The same where 256 addresses keep the server busy with TLS handshakes. */
  unansweredInHandshakes: 0.5,
  /** Beside two ticks. */
  weightMs: 500,
  rescueMs: 500,
  memoryMiB: 150,
  endMs: 2_000,
  logLines: 20,
} as const;

/** What was measured in one cell, against what is promised. Pure. */
export function verdictOf(measured: Measured): readonly Check[] {
  const { probed, agentProblems, weightMs, rescueMs, restMiB, peakMiB, endMs, exitCode, logLines, flood } = measured;
  const { target, periodMs } = measured.cell;
  const weightBoundMs = 2 * periodMs + bounds.weightMs;
  const growth = peakMiB - restMiB;
  const unanswered = unansweredAtMost(measured.cell);
  const wanted = target === 'agent -- COMMAND' ? handedOver : 0;
  return [
    check('the flood came through', flood.opened > 0, `${count(flood.opened)} connections`, 'more than 0'),
    check(
      "another client's answers",
      probed.answered > 0 && probed.asked - probed.answered <= Math.max(1, unanswered * probed.asked),
      `${answers(measured)} ${Object.entries(probed.failures)
        .map(([kind, many]) => `${many} ${kind}`)
        .join(', ')}`.trimEnd(),
      `${(1 - unanswered) * 100} % within ${answerMs(measured.cell)} ms`,
    ),
    check("the controller's snapshots that did not come", agentProblems === 0, count(agentProblems), '0'),
    check('a weight is right again', isWithin(weightMs, weightBoundMs), time(weightMs), `${weightBoundMs} ms`),
    check('a rescue', isWithin(rescueMs, bounds.rescueMs), time(rescueMs), `${bounds.rescueMs} ms`),
    check('memory above rest', growth < bounds.memoryMiB, `${growth.toFixed(0)} MiB`, `${bounds.memoryMiB} MiB`),
    check('SIGTERM to the end', isWithin(endMs, bounds.endMs), time(endMs), `${bounds.endMs} ms`),
    check('exit code', exitCode === wanted, String(exitCode), String(wanted)),
    check('lines logged', logLines <= bounds.logLines, count(logLines), count(bounds.logLines)),
  ];
}

function unansweredAtMost({ kind, addresses }: Cell): number {
  return kindOf(kind).tls !== undefined && addresses > 1 ? bounds.unansweredInHandshakes : bounds.unanswered;
}

export function answers({ probed: { answered, asked } }: Measured): string {
  return `${answered} of ${asked}`;
}

export function time(ms: number | null): string {
  return ms === null ? `> ${count(longestMs)}` : count(Math.round(ms));
}

function isWithin(ms: number | null, bound: number): boolean {
  return ms !== null && ms <= bound;
}
