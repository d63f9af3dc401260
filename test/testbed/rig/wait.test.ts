import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { until } from '../../../testbed/rig/wait.ts';

test('what does not come in time is a line that names it', async (t) => {
  const error = await t.throwsAsync(() => until('the end', () => false, { limitMs: 0 }), { instanceOf: ProblemError });
  t.regex(error?.message ?? '', /^the end: did not come within 0 s\. Try again/);
  let asked = 0;
  const late = () =>
    until(
      () => `asked ${asked} times`,
      () => ++asked > 5,
      { limitMs: 0 },
    );
  await t.throwsAsync(late, { message: /^asked [1-5] times: / });
});

test('it asks until there is an answer, and no longer', async (t) => {
  let asked = 0;
  t.is(await until('three', () => (++asked === 3 ? 'here' : null)), 'here');
  t.is(asked, 3);
});

test('it can be ended early', async (t) => {
  await t.throwsAsync(() => until('nothing', () => false, { signal: AbortSignal.timeout(1) }), { name: 'AbortError' });
});
