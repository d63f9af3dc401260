import test from 'ava';
import { contenders } from '../../../lab/evaluation/contenders.ts';
import { configurationOf } from '../../../lab/evaluation/stack.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';

const servers = [
  { name: 's1', host: '127.0.0.11' },
  { name: 's2', host: '127.0.0.12' },
];
const lines = [
  'option redispatch 1',
  'retry-on conn-failure empty-response 500 502 503',
  'check .* observe layer4 error-limit 3 on-error mark-down',
];

test("every contender has HAProxy's own fast path, and differs from the others by its algorithm only", (t) => {
  const texts = contenders.map((contender) => renderConfiguration(configurationOf(contender, servers, '127.0.0.1:1')));
  for (const text of texts) for (const line of lines) t.regex(text, new RegExp(line));
  t.is(new Set(texts.map((text) => text.replace(/balance .*/, ''))).size, 1);
  t.is(new Set(texts).size, 3);
});
