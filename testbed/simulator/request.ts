/** One client's request. What is not readonly changes as it goes on. */
export interface Request {
  readonly arrivedMs: number;
  /** Work, in ms of one core of speed 1. */
  readonly demandMs: number;
  /** Its wait without CPU over the server's mean. */
  readonly wait: number;
  /** The HAProxy that received it, by index. */
  readonly haproxy: number;
  /** The server that has it or had it last, by index; -1: none so far. */
  server: number;
  /** Attempts that failed and were repeated. */
  retries: number;
  /** Counts where it has been, each wait in HAProxy's queue and each server, so that a time-out knows whether it still is there. */
  stage: number;
  /** When it came to HAProxy's queue last. */
  queuedMs: number;
  /** The client has its answer. A server may still work for it in vain. */
  over: boolean;
}
