import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { waitUntil } from '../../../testbed/rig/wait.ts';

const { signal } = new AbortController();

test('what does not come in time is a line that names it', async (t) => {
  const error = await t.throwsAsync(() => waitUntil('the end', async () => false, { deadlineMs: 0, signal }), {
    instanceOf: ProblemError,
  });
  t.regex(error?.message ?? '', /^the end: did not come within 0 s\. Try again/);
});

test('it looks until it is so, and no longer', async (t) => {
  let looks = 0;
  await waitUntil('three', async () => ++looks === 3, { deadlineMs: 60_000, signal });
  t.is(looks, 3);
});
