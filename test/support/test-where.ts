import test from 'ava';

/** `test` where this machine can run the tests. Elsewhere they are skipped, and standard error says what they need. */
export function testWhere(isPossible: boolean, needs: string) {
  tellSkip(isPossible, needs);
  return isPossible ? test : test.skip;
}

/** The same for tests that run one after the other. */
export function serialWhere(isPossible: boolean, needs: string) {
  tellSkip(isPossible, needs);
  return isPossible ? test.serial : test.serial.skip;
}

function tellSkip(isPossible: boolean, needs: string): void {
  if (!isPossible) process.stderr.write(`SKIPPED: ${needs}\n`);
}
