/** One client's request. `server` and `retries` change with every retry. */
export interface Request {
  readonly arrivedMs: number;
  /** Work, in ms of one core of speed 1. */
  readonly demandMs: number;
  /** Its wait without CPU over the server's mean. */
  readonly wait: number;
  /** The HAProxy that received it, and the server that has it now; by index. */
  readonly haproxy: number;
  server: number;
  /** Attempts that failed and were repeated. */
  retries: number;
  /** The client has its answer. A server may still work for it in vain. */
  over: boolean;
}
