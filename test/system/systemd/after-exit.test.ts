import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { expectOk, haproxyTest as test, weights } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { snapshot } from '../../support/snapshot.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/* What a unit's ExecStopPost puts back: what the controller wrote and had no time to put back itself. */

const configured = { s1: 100, s2: 100, s3: 100 };
const ours = { s1: 256, s2: 256, s3: 256 };
const servers = Object.keys(configured).map((name, index) => ({
  name,
  address: `127.0.0.1:${index + 1}`,
  weight: 100,
}));
const configuration = renderConfiguration({ backends: [{ name: 'web', servers }] });

/** A unit whose controller has written its weights. */
async function unit() {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(await temporaryFolder());
  const haproxy = resources.use(await startHaproxy({ configuration }));
  const agent = resources.use(
    await httpServer((_, answer) => {
      const said = snapshot({ takenAtMs: Date.now(), ageMs: 5 });
      answer.setHeader('content-type', 'application/json').end(JSON.stringify(said));
    }),
  );
  const environment = { RUNTIME_DIRECTORY: folder.path };
  const where = ['--socket', haproxy.socket, '--backend', 'web'];
  const flags = [
    '--agent-url',
    `http://{address}:${agent.port}`,
    '--listen',
    '127.0.0.1:0',
    '--policy',
    'equal',
    '--period-ms',
    '1000',
  ];
  const controller = resources.use(new Haweight(['controller', ...where, ...flags], environment));
  await until(
    () => `our weights: ${controller.stderr}`,
    async () => (await weights(haproxy.api, 'web'))['s1'] === 256,
  );
  return {
    ...{ folder, haproxy, controller },
    afterExit: (...more: string[]) => haweight(['restore', ...where, '--after-exit', ...more], environment),
    resources: resources.move(),
  };
}

const set = async ({ api }: HaproxyProcess, server: string, weight: number) =>
  expectOk(await api.setWeights('web', [{ server, weight }]));

test("after a kill, the controller's weights are put back and an operator's stay", async (t) => {
  const { haproxy, controller, afterExit, resources } = await unit();
  await using _ = resources;
  await controller.stop('SIGKILL');
  t.deepEqual(await weights(haproxy.api, 'web'), ours);
  await set(haproxy, 's2', 50);
  const { code, stdout, stderr } = await afterExit();
  t.is(code, 0, stderr);
  t.is(stdout, 'web: 2 weights restored\n  s1: 256 -> 100\n  s3: 256 -> 100\n');
  t.deepEqual(await weights(haproxy.api, 'web'), { ...configured, s2: 50 });
});

test("after a SIGTERM nothing is left to be put back, and an operator's weight stays", async (t) => {
  const { haproxy, controller, afterExit, resources } = await unit();
  await using _ = resources;
  await set(haproxy, 's2', 50);
  t.is((await controller.stop()).code, 0);
  const stayed = (await weights(haproxy.api, 'web'))['s2'];
  await set(haproxy, 's1', 256);
  const { stdout } = await afterExit();
  t.regex(stdout, /^web: [12] weights? of another writer left alone\n$/);
  t.deepEqual(await weights(haproxy.api, 'web'), { ...configured, s1: 256, s2: stayed });
});

test('a record that is damaged is not believed: all weights are put back', async (t) => {
  const { folder, haproxy, controller, afterExit, resources } = await unit();
  await using _ = resources;
  await controller.stop('SIGKILL');
  await writeFile(join(folder.path, 'last-weights-web.json'), '{');
  t.is((await afterExit()).code, 0);
  t.deepEqual(await weights(haproxy.api, 'web'), configured);
});

test('by hand every weight is put back, and each change is told so that it can be undone', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  await set(haproxy, 's1', 9);
  await set(haproxy, 's2', 8);
  await operatorSays(haproxy, 'set server web/s2 state maint');
  const { stdout, code } = await haweight(['restore', '--socket', haproxy.socket, '--backend', 'web']);
  t.is(code, 0);
  t.is(stdout, 'web: 2 weights restored\n  s1: 9 -> 100\n  s2: 8 -> 100 (in maintenance or drained)\n');
});

test('one backend that is not there does not keep the others from being restored', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  await set(haproxy, 's1', 9);
  const where = ['--socket', haproxy.socket, '--backend', 'gone', '--backend', 'web'];
  const { stdout, stderr, code } = await haweight(['restore', ...where]);
  t.is(code, 2);
  t.is(stdout, 'web: 1 weight restored\n  s1: 9 -> 100\n');
  t.regex(stderr, /^haweight: backend gone: [^\n]*\n$/);
  t.deepEqual(await weights(haproxy.api, 'web'), configured);
});
