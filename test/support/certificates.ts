import { spawnSync } from 'node:child_process';
import test from 'ava';

export { Authority, type Identity, openssl } from './authority.ts';

const isInstalled = spawnSync('openssl', ['version']).status === 0;
if (!isInstalled) process.stderr.write('SKIPPED: tests of TLS, because no openssl program was found\n');

/** Needs certificates; shown as skipped where no openssl makes them. */
export const tlsTest = isInstalled ? test.serial : test.serial.skip;
