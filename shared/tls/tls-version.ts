import type { SecureVersion } from 'node:tls';

/** The oldest version of TLS that servers and clients accept. */
export const minTlsVersion: SecureVersion = 'TLSv1.2';
