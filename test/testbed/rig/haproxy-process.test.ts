import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { findHaproxy } from '../../../testbed/rig/haproxy-program.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { expectOk, haproxyTest as test } from '../../haproxy/setup.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const configuration = renderConfiguration({
  backends: [{ name: 'web', servers: [{ name: 's1', address: '127.0.0.1:1' }] }],
});

/** For a script of another process to import, as a literal. */
function moduleUrl(name: string): string {
  return JSON.stringify(new URL(`../../../testbed/rig/${name}`, import.meta.url).href);
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('stopping leaves no process and no folder', async (t) => {
  const haproxy = await startHaproxy({ configuration, masterWorker: true });
  const { pid: worker } = expectOk(await haproxy.api.info());
  const { pid: master, folder } = haproxy;
  t.not(worker, master);
  await haproxy.stop();
  await haproxy.stop();
  await until('the end of both', () => !runs(worker) && !runs(master));
  t.false(existsSync(folder));
});

test("what cannot start says why in HAProxy's words, and leaves nothing", async (t) => {
  await using folder = await temporaryFolder();
  const script = `const { startHaproxy } = await import(${moduleUrl('haproxy-process.ts')});
    const say = (error) => console.log(error.message);
    await startHaproxy({ configuration: 'haweight-test-nonsense\\n' }).catch(say);
    await startHaproxy({ configuration: '', binary: '/nowhere/haproxy' }).catch(say);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: folder.path },
  });
  t.regex(stdout, /unknown keyword 'haweight-test-nonsense'/);
  t.regex(stdout, /cannot run \/nowhere\/haproxy/);
  t.deepEqual(await readdir(folder.path), []);
});

test('a reload puts another configuration in force', async (t) => {
  await using haproxy = await startHaproxy({ configuration, masterWorker: true });
  const another = renderConfiguration({
    backends: [{ name: 'other', servers: [{ name: 's2', address: '127.0.0.1:1', weight: 3 }] }],
  });
  await haproxy.reload(another);
  t.like(expectOk(await haproxy.api.servers())[0], { backend: 'other', server: 's2', weight: 3 });
});

test('it ends with the process that started it, even when that is killed', async (t) => {
  const script = `const { startHaproxy } = await import(${moduleUrl('haproxy-process.ts')});
    const haproxy = await startHaproxy({ configuration: ${JSON.stringify(configuration)}, masterWorker: true });
    const info = await haproxy.api.info();
    console.log(JSON.stringify({ master: haproxy.pid, worker: info.value.pid, folder: haproxy.folder }));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const { master, worker, folder } = JSON.parse(String(line));
  t.true(runs(master) && runs(worker) && existsSync(folder));
  parent.kill('SIGKILL');
  t.true(await until('the end of all', () => !runs(master) && !runs(worker) && !existsSync(folder)));
});

test('the program is the one of HAPROXY, else of the PATH', async (t) => {
  await using folder = await temporaryFolder();
  const found = findHaproxy();
  t.is(findHaproxy({ HAPROXY: found ?? '', PATH: '' }), found);
  t.is(findHaproxy({ HAPROXY: `${folder.path}/haproxy` }), null);
});

for (const [what, broken] of [
  ['a backend name', { backends: [{ name: 'a b', servers: [] }] }],
  ['a server name', { backends: [{ name: 'a', servers: [{ name: 'x;y', address: '127.0.0.1:1' }] }] }],
  [
    'a line feed in an option',
    { backends: [{ name: 'a', servers: [{ name: 'x', address: '127.0.0.1:1', options: 'check\nquit' }] }] },
  ],
  ['a line feed in section global', { global: ['nbthread 1\nquit'], backends: [] }],
  ['a line feed in section defaults', { defaults: ['retries 0\nquit'], backends: [] }],
  ['a line feed in a frontend', { frontends: [{ name: 'a', bind: '127.0.0.1:1', lines: ['a\nb'] }], backends: [] }],
  ['a weight', { backends: [{ name: 'a', servers: [{ name: 'x', address: '127.0.0.1:1', weight: 257 }] }] }],
] as const) {
  test(`a configuration with ${what} that does not fit is not rendered`, (t) => {
    t.throws(() => renderConfiguration(broken));
  });
}
