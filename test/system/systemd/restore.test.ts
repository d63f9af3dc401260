import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { configuration, expectOk, haproxyTest, weights } from '../../haproxy/setup.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const configured = { s1: 100, s2: 40, s3: 100 };
const left = { ...configured, s1: 7 };

/** Runs `haweight restore` on a HAProxy with a weight that a controller left behind. */
async function restored(t: ExecutionContext, yaml: string, flags: readonly string[]) {
  await using folder = await temporaryFolder();
  await using haproxy = await startHaproxy({ configuration });
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: left.s1 }]));
  const file = join(folder.path, 'controller.yaml');
  await writeFile(file, `haproxy: {socket: ${haproxy.socket}}\nbackends: [{name: web}]\n${yaml}`);
  const { code, stdout, stderr } = await haweight(['restore', '--config', file, ...flags]);
  t.is(code, 0, stderr);
  return { stdout, weights: await weights(haproxy.api, 'web') };
}

for (const yaml of ['dryRun: true', 'onExit: keep']) {
  haproxyTest(`restore --after-exit leaves the weights alone with ${yaml}, as the controller does`, async (t) => {
    const { stdout, weights } = await restored(t, yaml, ['--after-exit']);
    t.deepEqual(weights, left);
    t.is(stdout, `nothing to restore: the configuration has ${yaml}\n`);
  });
}

haproxyTest('restore without --after-exit restores the weights, also with onExit: keep', async (t) => {
  t.deepEqual((await restored(t, 'onExit: keep', [])).weights, configured);
});

haproxyTest('restore --after-exit restores the weights with other settings', async (t) => {
  t.deepEqual((await restored(t, '', ['--after-exit'])).weights, configured);
});

haproxyTest('restore --after-exit leaves the weights to another running controller', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const where = ['--socket', haproxy.socket, '--backend', 'web'];
  await using controller = new Haweight(['controller', ...where, '--listen', `127.0.0.1:${await freePort()}`]);
  await until('the controller', () => controller.events('controller started').length > 0);
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: left.s1 }]));
  const { code, stdout } = await haweight(['restore', ...where, '--after-exit']);
  t.is(code, 0);
  t.is(stdout, 'web: left to the controller that runs for it\n');
  t.deepEqual(await weights(haproxy.api, 'web'), left);
});
