import test from 'ava';
import { Child } from '../../../testbed/rig/child.ts';

test('a log line has escapes for what a terminal obeys, and is the same JSON', async (t) => {
  const module = new URL('../../../shared/process/logger.ts', import.meta.url).href;
  const detail = 'a\u001b[2J\u009b\u202eb\u2066\u2028\u200b東京';
  const code = `const { makeLogger } = await import(${JSON.stringify(module)});
    makeLogger('info', 'test').warn('event', { detail: ${JSON.stringify(detail)} });`;
  await using child = new Child('logger', [process.execPath, '--input-type=module', '-e', code]);
  await child.ended;
  t.regex(child.stderr, /^[\x20-\x7e東京]+\n$/);
  t.is((JSON.parse(child.stderr) as { detail: string }).detail, detail);
});
