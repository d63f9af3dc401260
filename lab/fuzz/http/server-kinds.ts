/** A server as agents and controllers start it. */
export interface ServerKind {
  readonly hasToken: boolean;
  readonly hasTls: boolean;
  /** Only clients with a certificate of our CA. */
  readonly asksForCertificate: boolean;
}

const plainHttp = { hasTls: false, asksForCertificate: false } as const;
const kinds = {
  token: { hasToken: true, ...plainHttp },
  open: { hasToken: false, ...plainHttp },
  'token over TLS': { hasToken: true, hasTls: true, asksForCertificate: false },
  'client certificate': { hasToken: false, hasTls: true, asksForCertificate: true },
} as const;

export type ServerName = keyof typeof kinds;
export const serverKinds: Readonly<Record<ServerName, ServerKind>> = kinds;
export const serverNames = Object.keys(kinds) as [ServerName, ...ServerName[]];

export const token = 'a-token-that-only-we-know-0123456789';

/** In every body that the token guards. */
export const secret = 'only-for-those-who-may';

const text = (bytes: number) => JSON.stringify({ secret, filler: 'x'.repeat(bytes) });

/** What each path answers, of the sizes that agents' and controllers' bodies have. */
export const bodies: Readonly<Record<string, string>> = {
  '/v1/snapshot': text(1_500),
  '/v1/status': text(300_000),
  '/metrics': text(12_000),
  '/healthz': 'ok',
};

/** What the process of the servers says of itself. */
export interface ServerReport {
  /** In the order of the kinds; null where it has no certificate. */
  readonly ports: readonly (number | null)[];
  /** Objects and buffers, in bytes; after a garbage collection where the heap was asked for. */
  readonly heapBytes: number;
  /** CPU time since its start, in ms. */
  readonly cpuMs: number;
  /** Errors, warnings and events that nothing handled, since the last report. */
  readonly problems: readonly string[];
}
