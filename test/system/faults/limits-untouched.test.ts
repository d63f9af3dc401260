import { join } from 'node:path';
import test from 'ava';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { Clients } from './support/clients.ts';
import { boundOfThree, fullconn, LimitsRun, names, scaling } from './support/limits-run.ts';

/* Limits that are not for haweight to set stay what they are, and requests go on. */

test.serial('mode tcp: no limit is written', async (t) => {
  await using run = await LimitsRun.start({ mode: 'tcp', lines: [...scaling.lines], serverOptions: scaling.server });
  const load = run.load(60);
  await run.stack.ticks(4);
  t.deepEqual(await run.limits(), [fullconn, fullconn, fullconn]);
  t.is((await run.stack.shown('s1')).limit, null);
  t.deepEqual([...(await load.seen(0, performance.now())).failed], []);
});

test.serial('a backup server keeps its maxconn, and serves while the others are down', async (t) => {
  await using run = await LimitsRun.start({
    servers: [...names, 's4'],
    flags: ['--policy', 'equal'],
    lines: [...scaling.lines, 'retries 3', 'option redispatch'],
    serverOptions: (name) => `${scaling.server}${name === 's4' ? ' backup' : ''}`,
  });
  const { stack } = run;
  await until(
    'limits',
    async () => (await run.limits()).join() === [boundOfThree, boundOfThree, boundOfThree, fullconn].join(),
  );
  // the others leave as an operator has them leave, so that nothing fails because of that
  for (const name of names) await operatorSays(stack.haproxy, `set server web/${name} state maint`);
  await using clients = new Clients({ port: stack.port, path: '/work?waitMs=100&cpuMs=0' }, 20);
  await until('more than a limit would allow', async () => ((await run.inFlight()).at(-1) ?? 0) > 12);
  await stack.ticks(2);
  t.is((await run.limits()).at(-1), fullconn);
  t.deepEqual(await clients.stop(), [200]);
});

test.serial('a socket of level operator: the controller says so at its start, and nothing is written', async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'operator.sock');
  await using run = await LimitsRun.start({
    flags: ['--policy', 'equal'],
    sockets: [{ bind: socket, level: 'operator' }],
    lines: [...scaling.lines],
    serverOptions: scaling.server,
  });
  await run.limited('bound');
  await run.controller.stop();
  const { code, stderr } = await haweight(['controller', '--socket', socket, '--backend', 'web', '--limits', 'on'], {
    RUNTIME_DIRECTORY: folder.path,
  });
  t.is(code, 2);
  t.regex(stderr, /expected level admin, got level operator/);
  t.deepEqual(await run.limits(), [fullconn, fullconn, fullconn]);
  t.deepEqual([...(await run.stack.weights()).values()], [100, 100, 100]);
});
