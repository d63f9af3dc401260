import { ProblemError } from '../../../shared/contract/problem.ts';
import { freePorts, someNetwork } from '../../../testbed/rig/ports.ts';
import { backend, startHaweight, startStack } from '../../../testbed/rig/stack.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';

const names = ['s1', 's2'];

async function start(agentStartsApp: boolean) {
  const network = someNetwork();
  const hosts = names.map((_, index) => `${network}.${index + 1}`);
  const [frontPort, statusPort, appPort, agentPort] = await freePorts([{}, {}, { hosts }, { hosts }]);
  const members = names.map((name, index) => ({ name, address: `${network}.${index + 1}`, appPort }));
  const servers = members.map(({ name, address }) => ({
    name,
    address: `${address}:${appPort}`,
    options: 'check inter 100ms',
  }));
  const stack = await startStack({
    ...{ members, agentPort, statusPort, agentStartsApp },
    configuration: {
      frontends: [{ name: 'front', bind: `127.0.0.1:${frontPort}`, backend }],
      backends: [{ name: backend, lines: ['option redispatch'], servers }],
    },
    agentFlags: (_, app) => ['--scope', 'process', ...(app === null ? [] : ['--pid', String(app.pid)])],
    haweight: startHaweight,
  });
  const ready = async () => {
    const answering = await Promise.all(names.map((name) => stack.isAnswering(name)));
    return answering.every(Boolean) && (await stack.isAllUp());
  };
  for (const name of names) stack.spawnServer(name);
  await until('the servers', ready);
  const get = async () => await fetch(`http://127.0.0.1:${frontPort}/work?cpuMs=0`);
  return { stack, get };
}

test('servers, agents and a controller can be started, killed and started again, one by one', async (t) => {
  const { stack, get } = await start(false);
  await using _stack = stack;
  stack.spawnController(['--period-ms', '1000']);
  await until('a tick with both agents', async () => {
    const status = await stack.status().catch(() => null);
    return status?.backends[0]?.servers.every(({ agent }) => agent.state === 'fresh') ?? false;
  });
  t.deepEqual([...(await stack.weights()).keys()], names);

  await stack.app('s1').kill();
  await until('HAProxy finds s1 down', async () => !(await stack.isAllUp()));
  t.is((await get()).headers.get('x-server'), 's2');
  stack.spawnApp('s1');
  await until('both are up', () => stack.isAllUp());

  await stack.agent('s2').kill();
  t.false(await stack.isAnswering('s2'));
  await stack.controller.stop();
  t.deepEqual([...(await stack.weights()).values()], [100, 100], 'it restored the configured weights');
  for (const name of names) await stack.setFaults(name, { failing: 500 });
  t.is((await get()).status, 500);
});

test('an agent starts its application; a process that ends by itself is a failure of the stack', async (t) => {
  const { stack } = await start(true);
  await using _stack = stack;
  t.throws(() => stack.app('s1'), { message: /s1 was not started/ });
  stack.agent('s1').signal('SIGKILL');
  const error = await t.throwsAsync(stack.failure, { instanceOf: ProblemError });
  t.regex(error?.message ?? '', /^s1: ended unexpectedly; got signal SIGKILL/);
});

test('nothing is started any more when a stack ends', async (t) => {
  const { stack } = await start(false);
  await stack[Symbol.asyncDispose]();
  t.throws(() => stack.spawnServer('s1'), { message: /the stack is ending/ });
  t.throws(() => stack.spawnController([]), { message: /the stack is ending/ });
});
