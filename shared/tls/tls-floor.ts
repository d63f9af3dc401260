import type { SecureContextOptions } from 'node:tls';
import { crypto } from '../process/footprint.ts';

/**
 * The least that servers and clients accept: TLS 1.2, and the ciphers that Node.js is built with. Said in each connection,
 * because the environment can lower both for all others (--tls-min-v1.0, --tls-cipher-list).
 */
export function tlsFloor(): Required<Pick<SecureContextOptions, 'minVersion' | 'ciphers'>> {
  return { minVersion: 'TLSv1.2', ciphers: crypto().constants.defaultCoreCipherList };
}
