import test from 'ava';

/** Whether this user may do what only root may, such as becoming another user. */
export const isRoot = process.getuid?.() === 0;

/** `test` for root; for any other user a skip that is said aloud. */
export const rootTest = isRoot ? test : test.skip;

if (!isRoot) process.stderr.write('SKIPPED: tests that need root\n');
