import { spawnSync } from 'node:child_process';
import { serialWhere } from './test-where.ts';

export { Authority, type Identity, openssl } from './authority.ts';

const isInstalled = spawnSync('openssl', ['version']).status === 0;

/** Needs certificates; shown as skipped where no openssl makes them. */
export const tlsTest = serialWhere(isInstalled, 'tests of TLS, because no openssl program was found');
