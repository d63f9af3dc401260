/** One client's request. `server` changes with every retry. */
export interface Request {
  readonly arrivedMs: number;
  /** Work, in ms of one core of speed 1. */
  readonly demandMs: number;
  /** The HAProxy that it came in at, and the server that has it now; by index. */
  readonly haproxy: number;
  server: number;
  /** The client has its answer: it no longer waits for what a server still does. */
  over: boolean;
}
