/** What became of one request. */
export interface ClientOutcome {
  /** When it was to be sent, and when its answer ended, by `sharedNowMs`. */
  readonly intendedAtMs: number;
  readonly endedAtMs: number;
  /** HTTP status; 0 where the connection broke, -1 after the client's patience. */
  readonly status: number;
  /** The application server that answered, and the HAProxy; empty where nobody did. */
  readonly server: string;
  readonly node: string;
}

/** A clock that all processes of this machine share, in ms, and that nobody sets. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
