import test from 'ava';
import { statusSchema } from '../../../shared/contract/status.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';

test.serial('weights, explain and doctor work against a running controller', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.startController();
  await stack.ticks(3);
  const controller = ['--controller', stack.statusUrl];

  const weights = await haweight(['weights', ...controller]);
  t.is(weights.code, 0, weights.stderr);
  t.regex(weights.stdout, /^web {2}\(roundrobin, inverse-load/);
  t.regex(weights.stdout, /\ns1 +UP +\d+%/);
  t.false(weights.stdout.includes('\x1b'), 'no colour off a terminal');

  const json = await haweight(['weights', '--json', ...controller]);
  t.true(statusSchema.safeParse(JSON.parse(json.stdout)).success);

  const explain = await haweight(['explain', 'web/s1', ...controller]);
  t.is(explain.code, 0, explain.stderr);
  t.regex(explain.stdout, /web\/s1: weight \d+[\s\S]*1\. load Lr/);

  const doctor = await haweight(['doctor', ...controller]);
  t.is(doctor.code, 0, doctor.stdout);
  t.regex(doctor.stdout, /ok {4}agent of s2: answered/);

  const unknown = await haweight(['explain', 'web/s9', ...controller]);
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /^haweight: "web\/s9": there is no such server; expected one of web\/s1, web\/s2\n$/);
});

test.serial('without a controller weights and explain ask HAProxy and the agents, and say so', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  const socket = ['--socket', stack.haproxy.socket];
  const weights = await haweight(['weights', ...socket]);
  t.is(weights.code, 0, weights.stderr);
  t.regex(weights.stderr, /asking HAProxy at .* directly, writing nothing/);
  t.regex(weights.stdout, /\ns1 .* 100 /);
  const explain = await haweight(['explain', 'web/s2', ...socket]);
  t.regex(explain.stdout, /a controller that starts now would set/);
  t.deepEqual([...(await stack.weights()).values()], [100, 100]);
});

test.serial('doctor names what is wrong, how to fix it, and exits with 1', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.stopAgent('s2');
  await operatorSays(stack.haproxy, 'set server web/s1 state drain');
  const doctor = await haweight([
    'doctor',
    '--socket',
    stack.haproxy.socket,
    '--backend',
    'web',
    '--controller',
    'http://127.0.0.1:1',
  ]);
  t.is(doctor.code, 1);
  t.regex(doctor.stdout, /fail {2}agent of s2: .*cannot be reached.*firewall/);
  t.regex(doctor.stdout, /warn {2}server s1: left alone: drained by an operator/);
  t.regex(doctor.stdout, /warn {2}controller: none answers/);
});

test.serial('one controller manages several backends, and restores all of them', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'], secondBackend: 'api' });
  const controller = await stack.startController('--backend', 'api');
  for (const backend of ['web', 'api']) {
    await until(`our weights in ${backend}`, async () => ((await stack.weights(backend)).get('s1') ?? 0) > 200);
  }
  t.is((await controller.stop()).code, 0);
  for (const backend of ['web', 'api']) t.deepEqual([...(await stack.weights(backend)).values()], [100, 100]);
});
