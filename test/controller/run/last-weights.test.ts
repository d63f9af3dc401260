import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { lastWeights, ledgerOf } from '../../../controller/run/last-weights.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const web = { socket: '/run/haproxy/admin.sock', backend: 'web' };
const fileName = 'last-weights-web.json';
const left = new Map([['s1', { weights: [256], giveBack: 100 }]]);

function write(environment: NodeJS.ProcessEnv): void {
  ledgerOf(web, environment).sending([{ server: 's1', weight: 256 }], []);
}

const owned = new Map([['s1', { weights: [256], giveBack: 256 }]]);

test('a controller leaves the weights that it writes, for its user only; the next one goes on from them', async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: `${join(folder.path, 'run')}:/elsewhere` };
  t.is(lastWeights(web, environment), null, 'nobody knows');
  ledgerOf(web, environment);
  t.deepEqual(lastWeights(web, environment), new Map(), 'none was written');
  write(environment);
  t.deepEqual(lastWeights(web, environment), owned);
  t.is((await stat(join(folder.path, 'run', fileName))).mode & 0o777, 0o600);
  t.deepEqual(ledgerOf(web, environment).left, owned);
  t.is(lastWeights({ ...web, backend: 'api' }, environment), null);
  t.is(lastWeights({ ...web, socket: '/other.sock' }, environment), null, "another HAProxy's");
  ledgerOf(web, environment).clear();
  t.deepEqual(lastWeights(web, environment), new Map());
  t.deepEqual(await readdir(join(folder.path, 'run')), [fileName]);
});

test('every name of a backend has a file of its own in the folder', async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: folder.path };
  const names = ['..', '.', '__proto__', 'a:b', '-', 'x'.repeat(200)];
  for (const backend of names) ledgerOf({ ...web, backend }, environment);
  for (const backend of names) t.deepEqual(lastWeights({ ...web, backend }, environment), new Map(), backend);
  t.is((await readdir(folder.path)).length, names.length);
});

test("a file that is not the controller's, or damaged, is not believed", async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: folder.path };
  const file = join(folder.path, fileName);
  const good = JSON.stringify({ socket: web.socket, servers: [['s1', [256], 100]] });
  await writeFile(file, good);
  t.deepEqual(lastWeights(web, environment), left);
  for (const bad of ['', '[', '{}', 'null', good.replace('256', '257'), good.replace('256', '-1'), good.slice(0, -3)]) {
    await writeFile(file, bad);
    t.is(lastWeights(web, environment), null, bad);
  }
  await writeFile(file, `${good}${' '.repeat(17 * 1024 * 1024)}`);
  t.is(lastWeights(web, environment), null, 'too large');
  await rm(file);
  await writeFile(join(folder.path, 'other'), good);
  await symlink('other', file);
  t.is(lastWeights(web, environment), null, 'a link');
  await rm(file);
  execFileSync('mkfifo', [file]);
  t.is(lastWeights(web, environment), null, 'a FIFO, which is not waited for');
});

test('where it cannot be written nothing fails, and what was said before is gone', async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: folder.path };
  write(environment);
  // in a folder of others a link may lie where the next file goes: it is neither followed nor kept
  await mkdir(join(folder.path, `${fileName}.new`, 'full'), { recursive: true });
  t.notThrows(() => ledgerOf(web, environment).sending([{ server: 's1', weight: 5 }], []));
  t.is(lastWeights(web, environment), null);
  t.notThrows(() => ledgerOf(web, { RUNTIME_DIRECTORY: '/proc/none' }));
  t.is(lastWeights(web, {}), null);
});

test('a link where the next file goes is not followed', async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: folder.path };
  const target = join(folder.path, 'target');
  await writeFile(target, 'mine');
  await chmod(target, 0o600);
  await symlink('target', join(folder.path, `${fileName}.new`));
  write(environment);
  t.is((await stat(target)).size, 4);
  t.deepEqual(lastWeights(web, environment), owned);
});
