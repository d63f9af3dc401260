import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { Child } from '../../testbed/rig/child.ts';
import { until } from '../../testbed/rig/wait.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const repository = new URL('../..', import.meta.url).pathname;

test('the packed package works in an empty folder without dev dependencies', async (t) => {
  t.timeout(180_000);
  await using folder = await temporaryFolder();
  await run('npm', ['pack', '--silent', '--pack-destination', folder.path], { cwd: repository });
  const [tarball = ''] = readdirSync(folder.path);
  t.regex(tarball, /^haproxy-weight-controller-.*\.tgz$/);
  const installFlags = [
    '--omit=dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--prefix',
    folder.path,
  ];
  await run('npm', ['install', ...installFlags, join(folder.path, tarball)], { cwd: folder.path });
  const installed = join(folder.path, 'node_modules', 'haproxy-weight-controller');
  const has = (path: string) => existsSync(join(installed, path));
  // named in README, docs/load-testing.md and `jtl --help`
  for (const name of ['steady.jmx', 'flash-crowd.jmx', 'failure.jmx', 'jtl.properties'])
    t.true(has(`deploy/jmeter/${name}`), name);
  for (const proof of ['dist/lab', 'dist/test', 'lab', 'test']) t.false(has(proof), `${proof} is shipped`);
  const haweight = join(folder.path, 'node_modules', '.bin', 'haweight');

  const help = await run(process.execPath, [haweight, '--help'], { cwd: folder.path });
  t.true(help.stdout.startsWith('Usage: haweight'));
  const version = await run(process.execPath, [haweight, '--version'], { cwd: folder.path });
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
  const flagsOfOnce = ['agent', '--once', '--json', '--sample-ms', '100', '--window-ms', '200'];
  const once = await run(process.execPath, [haweight, ...flagsOfOnce], { cwd: folder.path });
  t.is((JSON.parse(once.stdout) as { version: number }).version, 2);

  // a thread serves the status API: a program of its own, which no import leads to
  const flags = ['--backend', 'web', '--socket', join(folder.path, 'admin.sock'), '--listen', '127.0.0.1:0'];
  await using controller = new Child('controller', [process.execPath, haweight, 'controller', '--dry-run', ...flags]);
  const url = await until('its address', () => /"url":"([^"]+)"/.exec(controller.stderr)?.[1] ?? null);
  t.regex(await (await fetch(`${url}/metrics`)).text(), /^haweight_haproxy_up 0$/m);
});
