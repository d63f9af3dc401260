import test from 'ava';
import { haweight } from '../support/process.ts';

for (const command of [
  '',
  'agent',
  'controller',
  'weights',
  'explain',
  'replay',
  'simulate',
  'jtl',
  'doctor',
  'restore',
  'demo',
]) {
  test.serial(`haweight ${command} --help has examples, fits 80 columns and exits with 0`, async (t) => {
    const { code, stdout, stderr } = await haweight([...(command === '' ? [] : [command]), '--help']);
    t.is(code, 0, stderr);
    t.regex(stdout, /^Usage: haweight/);
    t.regex(stdout, /Examples:\n/);
    for (const line of stdout.split('\n')) t.true(line.length <= 80, line);
  });
}
