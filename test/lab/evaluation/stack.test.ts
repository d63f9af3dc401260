import test from 'ava';
import { type Contender, contenders } from '../../../lab/evaluation/contenders.ts';
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

function textOf(contender: Contender): string {
  return renderConfiguration(configurationOf(contender, servers, '127.0.0.1:1'));
}

test("every contender has HAProxy's own fast path, and differs from the others by its algorithm only", (t) => {
  const unlimited = contenders.filter(({ limits }) => limits === 'none');
  const texts = unlimited.map(textOf);
  for (const text of texts) for (const line of lines) t.regex(text, new RegExp(line));
  t.is(new Set(texts.map((text) => text.replace(/balance .*/, ''))).size, 1);
  t.is(new Set(texts).size, 3);
});

test('limits are fixed on each server, or bounded by lines that limit nothing until haweight sets them', (t) => {
  const usual = contenders.find(({ name }) => name === 'leastconn');
  if (usual === undefined) throw new Error('no leastconn');
  const plain = textOf(usual);
  t.notRegex(plain, /maxconn|minconn|fullconn/);
  t.is(textOf({ ...usual, limits: 2 }).replaceAll(' maxconn 2', ''), plain);
  const bounded = textOf({ ...usual, limits: 'on' });
  t.is(bounded.replaceAll(' minconn 2 maxconn 10000', '').replace('  fullconn 10000\n', ''), plain);
  t.is([...bounded.matchAll(/server s\d .* minconn 2 maxconn 10000$/gm)].length, 2);
});
