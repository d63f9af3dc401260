/** Small, because our endpoints take no bodies and few callers. docs/configuration.md lists them. */
export const limits = {
  headerBytes: 8 * 1024,
  /** For a request, or a TLS handshake, to be there as a whole. */
  requestMs: 5_000,
  /** For an answer to be taken as a whole. */
  answerMs: 10_000,
  /** Between two requests: of clients that have shown what is asked of them, and of others. */
  keepAliveMs: { known: 75_000, unknown: 5_000 },
  connections: { total: 256, perAddress: 32 },
  /** A connection counts as a request. */
  requests: { perSecond: 100, burst: 200, deafMs: 1_000, addresses: 1_024 },
  /** Of large answers that are on their way, all together; one whole answer is always allowed. */
  unreadBytes: 32 * 1024 * 1024,
  /** What serving may use of a core, and for how long it may use all of it after a pause. */
  cpu: { share: 0.25, burstMs: 50 },
} as const;
