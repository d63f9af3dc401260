/** What became of one request. */
export interface ClientOutcome {
  /** When it was to be sent, and when its answer ended, by `sharedNowMs`. */
  readonly intendedAtMs: number;
  readonly endedAtMs: number;
  /** Of the answer; null where there was none. */
  readonly status: number | null;
  /** The HAProxy that passed the answer on; null where none did. */
  readonly node: string | null;
}

/** A clock that all processes of this machine share, in ms, and that nobody sets. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
