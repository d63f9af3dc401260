import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { type Claim, claim } from '../../../controller/run/lock.ts';
import { identityOf } from '../../../controller/run/same-haproxy.ts';
import type { HaproxyInfo } from '../../../haproxy/runtime-api.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { codeOf, expectOk } from '../../haproxy/setup.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const self = { pid: process.pid, listen: '127.0.0.1:9478' };

/** Each test has a pid of its own: they run at the same time. */
function claimsOn(base: HaproxyInfo) {
  return (other: Partial<HaproxyInfo>, backend = 'web', socket = '/none'): Claim => {
    const haproxy = { ...base, ...other };
    return { kind: 'process', socket, backend, haproxy, identity: identityOf(socket, haproxy) };
  };
}

test('a HAProxy is the same by any address; not with another start, node or backend', async (t) => {
  const of = claimsOn({ version: '2.6.12', pid: 8, uptimeSeconds: 5, startedAtSeconds: 1_000, node: t.title });
  await using _held = expectOk(await claim([of({})], self));
  t.is(codeOf(await claim([of({ uptimeSeconds: 90 }, 'web', '127.0.0.1:9999')], self)), 'controller-running');
  await using _start = expectOk(await claim([of({ startedAtSeconds: 1_001 })], self));
  await using _node = expectOk(await claim([of({ node: 'two' })], self));
  await using _backend = expectOk(await claim([of({}, 'api')], self));
  t.is(codeOf(await claim([of({ startedAtSeconds: 1_001 })], self)), 'controller-running', 'that one is held, too');
});

test('HAProxy 2.4 tells its uptime only: the start is known to some seconds', async (t) => {
  const of = claimsOn({ version: '2.4.0', pid: 8, uptimeSeconds: 100, node: t.title });
  await using _held = expectOk(await claim([of({})], self));
  t.is(codeOf(await claim([of({ uptimeSeconds: 101 })], self)), 'controller-running');
  await using _other = expectOk(await claim([of({ uptimeSeconds: 200 })], self));
});

test('two of one pid, node and second differ by who listens on their sockets, while both run', async (t) => {
  await using folder = await temporaryFolder();
  const of = claimsOn({ version: '3.2.0', pid: 8, uptimeSeconds: 5, startedAtSeconds: 1_000, node: t.title });
  const pathOf = (name: string) => join(folder.path, name);
  for (const name of ['own', 'second']) await once(createServer().listen(pathOf(name)).unref(), 'listening');
  const code = `require('node:net').createServer().listen(${JSON.stringify(pathOf('theirs'))}, () => console.log('ready'))`;
  await using other = new Child('other', [process.execPath, '-e', code], { stdout: true });
  await until('it listens', () => other.stdout.includes('ready'));
  await using _held = expectOk(await claim([of({}, 'web', pathOf('own'))], self));
  t.is(codeOf(await claim([of({}, 'web', pathOf('second'))], self)), 'controller-running', 'of the same process');
  t.is(codeOf(await claim([of({}, 'web', '127.0.0.1:1')], self)), 'controller-running', 'unknown by TCP');
  const different = of({}, 'web', pathOf('theirs'));
  {
    await using _other = expectOk(await claim([different], self));
  }
  await other.kill();
  t.is(codeOf(await claim([different], self)), 'controller-running', 'inherited from a process that has ended');
});
