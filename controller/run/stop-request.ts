import { exitCodes } from '../../shared/contract/problem.ts';
import type { Log } from '../../shared/process/log.ts';
import { nextStopSignal, type StopSignal } from '../../shared/process/stop-signals.ts';

/** What ends a controller: a signal, or a defect, after which it is unknown what still works. */
export type StopReason = StopSignal | 'unexpected error';

/** How long leaving may take, in ms: before systemd's TimeoutStopSec, so that it is said why. */
const leaveMs = 15_000;

export interface StopOptions {
  readonly logger: Log;
  /** Replaced in tests. */
  readonly deadlineMs?: number;
}

/**
 * Resolves at the first reason to stop. Further ones change nothing: a second Ctrl-C must not leave some weights restored and
 * others not. Stopping ends in any case: after the deadline the process exits with 1.
 */
export function stopRequest({ logger, deadlineMs = leaveMs }: StopOptions): Promise<StopReason> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (reason: StopReason) => {
      if (isStopping) return;
      isStopping = true;
      resolve(reason);
      setTimeout(() => {
        logger.error('leaving took too long', { deadlineMs, fix: 'haweight restore' });
        process.exit(exitCodes.checkFailed);
      }, deadlineMs).unref();
    };
    void nextStopSignal(logger).then(stop);
    // of unhandled rejections too
    process.on('uncaughtException', (error: unknown) => {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!isStopping) logger.error('unexpected error', { detail });
      // for an error before anything waits for a reason: the process would end with 0
      process.exitCode = exitCodes.checkFailed;
      stop('unexpected error');
    });
  });
}
