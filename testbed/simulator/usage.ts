/** What a server has done since the start; the first two in core-ms. */
export interface Usage {
  readonly busyMs: number;
  /** While it was not down. */
  readonly availableMs: number;
  /** Sum over requests of how long each was here, in ms. */
  readonly presentMs: number;
  /** Requests that it has finished, also where the client no longer waited. */
  readonly completed: number;
}
