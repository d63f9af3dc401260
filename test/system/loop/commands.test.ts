import { join } from 'node:path';
import test from 'ava';
import { statusSchema } from '../../../shared/contract/status.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { answers, until } from '../../../testbed/rig/wait.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.serial('weights, explain and doctor work against a running controller', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.startController();
  await stack.ticks(3);
  const controller = ['--controller', stack.statusUrl];

  const weights = await haweight(['weights', ...controller]);
  t.is(weights.code, 0, weights.stderr);
  t.regex(weights.stdout, /^web {2}\(roundrobin, adaptive/);
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

test.serial(
  'doctor without a controller checks the backends that HAProxy has; a controller that was named must answer',
  async (t) => {
    await using stack = await Stack.start({ servers: ['s1', 's2'] });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const socket = ['--socket', stack.haproxy.socket];
    const doctor = await haweight(['doctor', ...socket, '--controller', nobody]);
    t.regex(doctor.stdout, /ok {4}backend web: 2 of 2 servers in rotation/);
    t.regex(doctor.stdout, /controller: .*no controller answers|controller: none answers/);
    const named = await haweight(['doctor', '--controller', nobody]);
    t.is(named.code, 2);
    t.regex(named.stderr, /^haweight: http.*: no controller answers; got ECONNREFUSED/);
    const nothing = await haweight(['doctor', '--socket', '/nowhere/admin.sock', '--controller', nobody]);
    t.regex(nothing.stderr, /^haweight: \/nowhere\/admin\.sock: no such socket/);
  },
);

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
  t.regex(doctor.stdout, /fail {2}agent of s2: .*cannot be reached.*Is the agent running there\?/);
  t.regex(doctor.stdout, /warn {2}server s1: left alone: drained by an operator/);
  t.regex(doctor.stdout, /warn {2}controller: none answers/);
  t.regex(doctor.stdout, /warn {2}fast path of web: s1, s2: .*Add .*observe layer4/);
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

test.serial('while HAProxy is dead, weights and explain say so first, with the time of what they show', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  await stack.startController();
  await stack.ticks(2);
  const controller = ['--controller', stack.statusUrl];
  await stack.haproxy[Symbol.asyncDispose]();
  await until('the controller knows', async () => (await stack.status()).haproxy.problem !== null);
  await stack.ticks(1);
  for (const args of [['weights'], ['explain', 'web/s1']]) {
    const { code, stdout } = await haweight([...args, ...controller]);
    t.is(code, 1, args.join(' '));
    t.regex(stdout, /^! HAProxy: .*(no such socket|nothing answers)/, args.join(' '));
    t.regex(stdout, /as of \d\d:\d\d:\d\d UTC/, args.join(' '));
  }
  const json = await haweight(['weights', '--json', ...controller]);
  t.is(json.code, 1);
  await using watch = new Haweight(['weights', '--watch', ...controller]);
  await until('the watch shows it', () => watch.stdout.includes('! HAProxy: '));
});

test.serial('a controller that was started before HAProxy says what it waits for', async (t) => {
  await using folder = await temporaryFolder();
  const listen = `127.0.0.1:${await freePort()}`;
  const socket = join(folder.path, 'admin.sock');
  await using _ = new Haweight(['controller', '-s', socket, '-b', 'web', '--listen', listen, '--period-ms', '1000']);
  const controller = ['--controller', `http://${listen}`];
  await until('the controller', () => answers(`http://${listen}/healthz`));
  const weights = await until('a tick', async () => {
    const asked = await haweight(['weights', ...controller]);
    return asked.stdout.includes('HAProxy: ') ? asked : null;
  });
  t.is(weights.code, 1);
  t.regex(
    weights.stdout,
    /^! HAProxy: \S+admin\.sock: no such socket[\s\S]*no servers seen yet: HAProxy has not answered/,
  );
  const explain = await haweight(['explain', 'web/s1', ...controller]);
  t.is(explain.code, 2);
  t.regex(explain.stderr, /none is known yet \(HAProxy: \S+admin\.sock: no such socket/);
});

test.serial('a controller that hangs is told from one that is not there', async (t) => {
  await using stack = await Stack.start({ servers: ['s1'] });
  const controller = await stack.startController();
  controller.signal('SIGSTOP');
  const { code, stderr } = await haweight(['weights', '--controller', stack.statusUrl]);
  controller.signal('SIGCONT');
  t.is(code, 2);
  t.regex(stderr, /the controller did not answer in time; expected an answer within 3000 ms/);
});

test.serial('doctor without the token of the agents is content beside a controller that has it', async (t) => {
  const token = { HAWEIGHT_AGENT_TOKEN: 'the-token-of-the-agents' };
  await using agents = new AsyncDisposableStack();
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  for (const name of ['s1', 's2']) {
    await stack.stopAgent(name);
    agents.use(new Haweight(['agent', '--listen', `${stack.addressOf(name)}:9477`], token));
  }
  await stack.startControllerIn({ through: ['env', `HAWEIGHT_AGENT_TOKEN=${token.HAWEIGHT_AGENT_TOKEN}`] });
  await until('the controller reads both', async () => {
    return (await stack.status()).backends[0]?.servers.every(({ agent }) => agent.state === 'fresh');
  });
  const doctor = await haweight(['doctor', '--controller', stack.statusUrl]);
  t.is(doctor.code, 0, doctor.stdout);
  t.regex(doctor.stdout, /ok {4}agent of s2: read by the controller \d\.\d s ago; not read from here \(no token given/);
  const json = await haweight(['doctor', '--json', '--controller', stack.statusUrl]);
  t.is(json.code, 0, json.stderr);
  const { version, failures, findings } = JSON.parse(json.stdout);
  t.deepEqual([version, failures], [1, 0]);
  t.true(findings.every(({ level, check, detail }: Record<string, unknown>) => level && check && detail));
  const wrong = await haweight(['doctor', '--controller', stack.statusUrl], {
    HAWEIGHT_AGENT_TOKEN: 'another-token-of-16',
  });
  t.is(wrong.code, 1);
  t.regex(wrong.stdout, /fail {2}agent of s1: .*refused the bearer token/);
});
