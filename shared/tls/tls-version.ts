import type { SecureVersion } from 'node:tls';

/** The oldest TLS that is spoken, by those who serve and those who ask. */
export const minTlsVersion: SecureVersion = 'TLSv1.2';
