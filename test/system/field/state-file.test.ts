import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { FieldFleet, type FleetPlan } from '../../support/field-fleet.ts';
import { haweight } from '../../support/process.ts';
import { type Folder, temporaryFolder } from '../../support/temporary-folder.ts';

/* `load-server-state-from-file`: what was set at run time, weights too, outlives a reload. */

const configured = { s1: 40, s2: 40, s3: 40 };
/** Over its threshold: it is drained. */
const overRam = { ram: 0.952 };

function keepingState(file: string) {
  return ({ addressOf, appPort, ports }: FleetPlan) => `
global
  server-state-file ${file}
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  load-server-state-from-file global
frontend in
  bind 127.0.0.1:${ports[0]}
  default_backend shop
backend shop
  balance roundrobin
${[1, 2, 3].map((machine) => `  server s${machine} ${addressOf(machine)}:${appPort} weight 40`).join('\n')}
`;
}

async function start(folder: Folder) {
  const file = join(folder.path, 'state');
  await writeFile(file, '');
  const configuration = keepingState(file);
  const fleet = await FieldFleet.start({ backends: ['shop'], machines: 3, configuration });
  /** As ExecReload= of a unit does. */
  const reload = async () => {
    await writeFile(file, await fleet.operator('show servers state'));
    await fleet.haproxy.reload();
  };
  return { fleet, reload };
}

test('weights that outlive a reload are ours: no other writer, and the drained server comes back', async (t) => {
  await using folder = await temporaryFolder();
  const { fleet, reload } = await start(folder);
  await using _fleet = fleet;
  fleet.tell(3, overRam);
  const controller = await fleet.startController();
  await until('s3 drained', async () => (await fleet.weights('shop'))['s3'] === 0);
  await reload();
  await fleet.ticks(3);
  t.is((await fleet.weights('shop'))['s3'], 0);
  t.is(controller.events('haproxy was reloaded or restarted').length, 1);
  t.deepEqual(controller.events('weight changed by another writer'), []);
  fleet.tell(3, {});
  await until('s3 back', async () => ((await fleet.weights('shop'))['s3'] ?? 0) > 100);
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('shop'), configured);
});

test('weights that outlive a reload are put back at the end; the old file brings them back at the next reload', async (t) => {
  await using folder = await temporaryFolder();
  const { fleet, reload } = await start(folder);
  await using _fleet = fleet;
  const weights = () => fleet.weights('shop');
  const controller = await fleet.startController();
  await until('ours', async () => Object.values(await weights()).every((weight) => weight > 40));
  const ours = await weights();
  await reload();
  t.deepEqual(await weights(), ours, 'by the file');
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await weights(), configured);
  await fleet.haproxy.reload();
  t.deepEqual(await weights(), ours, 'the file is from before the end');
  t.is((await haweight(['restore', '--socket', fleet.haproxy.socket, '--backend', 'shop'])).code, 0);
  await reload();
  t.deepEqual(await weights(), configured, 'the file is of now');
});

test('a server left at 0 by a controller that was killed comes back after a reload, by restore or the next one', async (t) => {
  await using folder = await temporaryFolder();
  const { fleet, reload } = await start(folder);
  await using _fleet = fleet;
  for (const way of ['restore', 'controller']) {
    fleet.tell(3, overRam);
    const controller = await fleet.startController();
    await until('s3 drained', async () => (await fleet.weights('shop'))['s3'] === 0);
    await controller.kill();
    await reload();
    t.is((await fleet.weights('shop'))['s3'], 0);
    fleet.tell(3, {});
    if (way === 'restore') {
      t.is((await haweight(['restore', '--socket', fleet.haproxy.socket, '--backend', 'shop'])).code, 0);
    } else {
      const next = await fleet.startController();
      await until('s3 back', async () => ((await fleet.weights('shop'))['s3'] ?? 0) > 100);
      t.is((await next.stop()).code, 0);
    }
    t.deepEqual(await fleet.weights('shop'), configured);
  }
});
