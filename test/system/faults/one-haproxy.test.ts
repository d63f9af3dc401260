import { createHash } from 'node:crypto';
import { link, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Status } from '../../../shared/contract/status.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { expectOk, weights } from '../../haproxy/setup.ts';
import { Haweight } from '../../support/process.ts';
import { isRoot } from '../../support/root.ts';
import { serialWhere } from '../../support/test-where.ts';

/* One controller for a HAProxy, whatever address it is reached at, and though others take its name. There are no agents. */

const servers = [1, 2, 3].map((n) => ({ name: `s${n}`, address: `127.0.0.1:${n}` }));

async function haproxyWithSockets(): Promise<{ readonly haproxy: HaproxyProcess; readonly tcp: string }> {
  const tcp = `127.0.0.1:${await freePort()}`;
  const sockets = ['unix@second.sock', tcp].map((bind) => ({ bind, level: 'admin' }) as const);
  const configuration = renderConfiguration({ sockets, backends: [{ name: 'web', servers }] });
  return { haproxy: await startHaproxy({ configuration, masterWorker: true }), tcp };
}

function controller(socket: string, ...flags: readonly string[]): Haweight {
  const where = ['--socket', socket, '--backend', 'web', '--listen', '127.0.0.1:0', '--period-ms', '1000'];
  return new Haweight(['controller', ...where, ...flags]);
}

function urlOf(running: Haweight): string {
  const [started] = running.events('controller started');
  return (started as unknown as { url: string }).url;
}

async function statusOf(running: Haweight): Promise<Status> {
  return (await (await fetch(`${urlOf(running)}/v1/status`)).json()) as Status;
}

async function started(running: Haweight): Promise<void> {
  await until('it has started', () => running.events('controller started').length === 1);
}

test.serial('a second controller is refused at every address of the same HAProxy, after a reload too', async (t) => {
  const { haproxy, tcp } = await haproxyWithSockets();
  await using _haproxy = haproxy;
  const pathOf = (name: string) => join(haproxy.folder, name);
  await link(haproxy.socket, pathOf('hard.sock'));
  await symlink(haproxy.socket, pathOf('link.sock'));
  await using first = controller(haproxy.socket);
  await started(first);
  const refused = async (addresses: readonly string[]) => {
    for (const address of addresses) {
      const { code, stderr } = await controller(address).finished;
      t.is(code, 2, `${address}: ${stderr}`);
      t.regex(stderr, new RegExp(`^haweight: backend web at [^\\n]*pid ${first.pid}, listening on 127[^\\n]*\\n$`));
      const restore = await new Haweight(['restore', '--socket', address, '--backend', 'web']).finished;
      t.is(restore.code, 2, `${address}: ${restore.stdout}`);
    }
  };
  await refused([pathOf('hard.sock'), pathOf('link.sock'), pathOf('second.sock'), tcp]);
  const { pid } = expectOk(await haproxy.api.info());
  await haproxy.reload();
  await until('it has seen the new process', () => first.events('haproxy was reloaded or restarted').length === 1);
  t.not(expectOk(await haproxy.api.info()).pid, pid);
  await refused([pathOf('second.sock'), tcp]);
  t.is((await first.stop()).code, 0);
});

test.serial('where two controllers meet, one works; the other says why it waits, and follows it', async (t) => {
  const { haproxy } = await haproxyWithSockets();
  await using _haproxy = haproxy;
  await haproxy.end();
  await using one = controller(haproxy.socket);
  await using two = controller(join(haproxy.folder, 'second.sock'));
  await Promise.all([started(one), started(two)]);
  await haproxy.start();
  const waits = (each: Haweight) =>
    each.events('waiting for haproxy').some(({ code }) => code === 'controller-running');
  await until('one of them waits', () => waits(one) || waits(two));
  const [working, waiting] = waits(two) ? [one, two] : [two, one];
  await until('the other works', async () => (await statusOf(working)).haproxy.version !== null);
  t.false(waits(working));
  const { waitingFor, weightsWritten } = await statusOf(waiting);
  t.regex(
    waitingFor ?? '',
    new RegExp(`another controller sets its weights already.*pid ${working.pid}, listening on`),
  );
  t.is(weightsWritten, 0);

  // it restores nothing under the other one
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: 7 }]));
  const third = controller(waiting === two ? haproxy.socket : join(haproxy.folder, 'second.sock'));
  t.is((await third.finished).code, 2);
  t.is((await working.stop()).code, 0);
  await until('the other one works', () => waiting.events('haproxy found').length === 1);
  const told = waiting.events('waiting for haproxy').filter(({ code }) => code === 'controller-running');
  t.is(told.length, 1, 'logged once');
  t.is((await waiting.stop()).code, 0);
});

serialWhere(isRoot, 'another user, which wants root')(
  "another user who takes a killed controller's name keeps neither restore nor the next one from working",
  async (t) => {
    const { haproxy } = await haproxyWithSockets();
    await using _haproxy = haproxy;
    await using first = controller(haproxy.socket);
    await started(first);
    const name = createHash('sha256')
      .update(JSON.stringify(['backend', haproxy.socket, 'web']))
      .digest('hex');
    const grab = `process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const grab = () => require('node:net').createServer((each) => each.end('{"pid":1,"listen":"127.0.0.1:1"}'))
        .on('error', () => setTimeout(grab, 5)).listen({ path: '\\0haweight-${name}' }, () => console.log('grabbed'));
      console.log('waits'); grab();`;
    await using stranger = new Child('stranger', [process.execPath, '-e', grab], { stdout: true });
    await until('it waits', () => stranger.stdout.includes('waits'));
    await first.stop('SIGKILL');
    await until('it has the name', () => stranger.stdout.includes('grabbed'));
    expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: 0 }]));
    const restore = ['restore', '--after-exit', '--socket', haproxy.socket, '--backend', 'web'];
    const restored = await new Haweight(restore).finished;
    t.regex(restored.stdout, /^web: 1 weight restored\n/, restored.stderr);
    t.deepEqual(await weights(haproxy.api, 'web'), { s1: 100, s2: 100, s3: 100 });
    await using next = controller(haproxy.socket);
    await started(next);
    const second = await controller(haproxy.socket).finished;
    t.is(second.code, 2);
    t.regex(second.stderr, new RegExp(`pid ${next.pid}, listening on 127`));
    t.is((await next.stop()).code, 0);
  },
);
