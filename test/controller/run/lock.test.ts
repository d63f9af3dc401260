import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Claim, claim, holdersOf } from '../../../controller/run/lock.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { codeOf, expectOk } from '../../haproxy/setup.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const self = { pid: process.pid, listen: '127.0.0.1:9478' };
const backendOf = (socket: string, backend = 'web'): Claim => ({ kind: 'backend', socket, backend });

test('one holder at a time; the other one is told who it is; free again when it ends', async (t) => {
  await using folder = await temporaryFolder();
  const what = backendOf(join(folder.path, 'admin.sock'));
  t.deepEqual(await holdersOf([what]), [null]);
  {
    await using _held = expectOk(await claim([what], self));
    const second = await claim([what], { pid: 4_000_000, listen: 'elsewhere' });
    t.is(codeOf(second), 'controller-running');
    if (!second.ok) t.is(second.error.got, `pid ${process.pid}, listening on 127.0.0.1:9478`);
    t.deepEqual(await holdersOf([what]), [self]);
  }
  await using _again = expectOk(await claim([what], self));
});

test('the same socket by another path is the same; another backend, socket or a recording is not', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'admin.sock');
  await writeFile(path, '');
  await symlink(path, join(folder.path, 'link.sock'));
  await using _held = expectOk(await claim([backendOf(path)], self));
  for (const same of [`unix@${path}`, `uxst@${path}`, join(folder.path, 'link.sock'), `${folder.path}/./admin.sock`]) {
    t.is(codeOf(await claim([backendOf(same)], self)), 'controller-running', same);
  }
  await using _backend = expectOk(await claim([backendOf(path, 'api')], self));
  await using _socket = expectOk(await claim([backendOf(join(folder.path, 'other.sock'))], self));
  await using _recording = expectOk(await claim([{ kind: 'recording', file: path }], self));
  t.is(codeOf(await claim([{ kind: 'recording', file: join(folder.path, 'link.sock') }], self)), 'controller-running');
});

test('a link that leads nowhere yet is the same as what it will lead to; a circle of links ends', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'run', 'admin.sock');
  const [link, second] = [join(folder.path, 'link.sock'), join(folder.path, 'second.sock')];
  await symlink('second.sock', link);
  await symlink(path, second);
  await using _held = expectOk(await claim([backendOf(link)], self));
  for (const same of [path, second]) t.is(codeOf(await claim([backendOf(same)], self)), 'controller-running', same);
  await mkdir(join(folder.path, 'run'));
  await writeFile(path, '');
  for (const same of [path, link]) t.is(codeOf(await claim([backendOf(same)], self)), 'controller-running', same);
  await symlink('circle', join(folder.path, 'circle'));
  await using _circle = expectOk(await claim([backendOf(join(folder.path, 'circle'))], self));
});

test('a holder that is killed leaves nothing behind', async (t) => {
  await using folder = await temporaryFolder();
  const what = backendOf(join(folder.path, 'admin.sock'));
  const module = new URL('../../../controller/run/lock.ts', import.meta.url).href;
  const code = `const { claim } = await import(${JSON.stringify(module)});
    await claim([${JSON.stringify(what)}], { pid: process.pid, listen: 'here' });
    console.log('held');
    setInterval(() => {}, 1000);`;
  await using child = new Child('holder', [process.execPath, '--input-type=module', '-e', code], { stdout: true });
  await until('it is held', () => child.stdout === 'held\n');
  t.is(codeOf(await claim([what], self)), 'controller-running');
  await child.kill();
  await using _held = expectOk(await claim([what], self));
});
