import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { answers, until } from '../../../testbed/rig/wait.ts';
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

for (const [what, edited] of [
  ['broken', 'backends: [\n'],
  ['mistyped', 'backend: [{name: web}]\n'],
  ['about another backend', 'backends: [{name: other}]\n'],
] as const) {
  haproxyTest(
    `a file that is ${what} by now does not keep a killed controller's weights from being restored`,
    async (t) => {
      await using folder = await temporaryFolder();
      await using haproxy = await startHaproxy({ configuration });
      const file = join(folder.path, 'controller.yaml');
      await writeFile(file, `haproxy: {socket: ${haproxy.socket}}\nbackends: [{name: web}]\nlisten: 127.0.0.1:0\n`);
      const inUnit = { RUNTIME_DIRECTORY: folder.path };
      await using controller = new Haweight(['controller', '--config', file], inUnit);
      await until('the controller', () => controller.events('controller started').length > 0);
      await controller.stop('SIGKILL');
      // as if it had written this weight
      const record = { socket: haproxy.socket, servers: [['s1', [left.s1], configured.s1]] };
      await writeFile(join(folder.path, 'last-weights-web.json'), JSON.stringify(record));
      expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: left.s1 }]));
      await writeFile(file, edited);
      const { code, stderr } = await haweight(['restore', '--after-exit', '--config', file], inUnit);
      t.is(code, 0, stderr);
      t.deepEqual(await weights(haproxy.api, 'web'), configured);
    },
  );
}

haproxyTest('restore beside a running controller is refused, unless forced', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const where = ['--socket', haproxy.socket, '--backend', 'web'];
  await using controller = new Haweight(['controller', ...where, '--listen', `127.0.0.1:${await freePort()}`]);
  await until('the controller', () => controller.events('controller started').length > 0);
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: left.s1 }]));
  const refused = await haweight(['restore', ...where]);
  t.is(refused.code, 2);
  t.regex(
    refused.stderr,
    new RegExp(`^haweight: backend web: a controller runs for it .*got pid ${controller.pid}, .*Or say --force\\.\n$`),
  );
  t.deepEqual(await weights(haproxy.api, 'web'), left);
  const forced = await haweight(['restore', '--force', ...where]);
  t.is(forced.code, 0, forced.stderr);
  t.regex(forced.stderr, /note: a controller runs for web/);
  t.is(forced.stdout, 'web: 1 weight restored\n  s1: 7 -> 100\n');
});

haproxyTest(
  'a dry run beside a controller takes a free port, unless an address was asked for, and says which',
  async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    // holds the usual port, unless another program does already
    await using _ = new Haweight(['controller', '--socket', haproxy.socket, '--backend', 'web']);
    await until('the usual port is held', () => answers('http://127.0.0.1:9478/healthz'));
    const start = (...flags: string[]) =>
      new Haweight(['controller', '--socket', haproxy.socket, '--backend', 'web', '--dry-run', ...flags]);
    await using looking = start();
    await until('the dry run', () => looking.events('controller started').length > 0);
    const [taken] = looking.events('the usual port is in use');
    t.regex(looking.stderr, /"fix":"haweight weights --controller http:\/\/127\.0\.0\.1:(?!9478)\d+"/);
    t.not(taken, undefined);
    const asked = await start('--listen', '127.0.0.1:9478').finished;
    t.is(asked.code, 2);
    t.regex(asked.stderr, /127\.0\.0\.1:9478: the port is in use/);
  },
);
