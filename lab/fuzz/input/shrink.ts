import fc from 'fast-check';
import { drawOf } from './draws.ts';

/** For each of the two ways to shrink, in ms. */
const maxMs = 1_500;

type Predicate = (input: Buffer) => Promise<boolean>;

/** A smaller case that fails in the same way as the case of this seed: with smaller edits first, then with fewer bytes. */
export async function shrink(cases: fc.Arbitrary<Buffer>, seed: number, failsAlike: Predicate): Promise<Buffer | null> {
  const edited = await smallest(cases, drawOf(seed), failsAlike);
  if (edited === null) return null;
  const bytes = fc.uint8Array({ maxLength: edited.length });
  const shorter = await smallest(bytes, { ...drawOf(seed), examples: [[new Uint8Array(edited)]] }, failsAlike);
  return shorter ?? edited;
}

/** null where the first case does not fail in this way again. */
async function smallest<Bytes extends Uint8Array>(
  cases: fc.Arbitrary<Bytes>,
  parameters: fc.Parameters<[Bytes]>,
  failsAlike: Predicate,
): Promise<Buffer | null> {
  let running = Promise.resolve(false);
  const property = fc.asyncProperty(cases, async (bytes) => {
    running = failsAlike(Buffer.from(bytes));
    return !(await running);
  });
  const { counterexample } = await fc.check(property, { ...parameters, interruptAfterTimeLimit: maxMs });
  // the time limit does not wait for the case that is running
  await running;
  return counterexample === null ? null : Buffer.from(counterexample[0]);
}
