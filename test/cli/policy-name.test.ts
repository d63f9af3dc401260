import test from 'ava';
import { haweight } from '../support/process.ts';

const note = 'note: least-utilised is called pick-one now; the old name still works\n';

test('replay and simulate take a former name of a policy, and say the new one in a line', async (t) => {
  const replay = await haweight(['replay', '/nonexistent', '--policy', 'least-utilised']);
  t.true(replay.stderr.startsWith(note));
  t.regex(replay.stderr, /recording cannot be read/, 'and not: no such policy');
  const simulate = await haweight([
    'simulate',
    '--policy',
    'least-utilised',
    '--seconds',
    '1',
    '--seeds',
    '1',
    '--json',
  ]);
  t.is(simulate.code, 0);
  t.true(simulate.stderr.startsWith(note));
  t.regex(simulate.stdout, /"pick-one"/);
});

test('demo takes it too; another name is refused with those that there are', async (t) => {
  const { code, stderr } = await haweight(['demo', '--policy', 'fastest']);
  t.is(code, 2);
  t.regex(stderr, /Allowed choices are adaptive, inverse-load, capacity, pick-one/);
  const former = await haweight(['demo', '--policy', 'least-utilised', '--seconds', '0']);
  t.true(former.stderr.startsWith(note));
});
