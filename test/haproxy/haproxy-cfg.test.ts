import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findHaproxy } from '../../testbed/rig/haproxy-program.ts';
import { until } from '../../testbed/rig/wait.ts';
import { httpServer } from '../support/http-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ExampleHaproxy, example } from './example.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

const applicationServer = (name: string) => httpServer((_, response) => response.end(name));

test('HAProxy accepts the unchanged example without a warning', async (t) => {
  // without -V, versions from 2.8 on print nothing for a valid file
  const { stdout, stderr } = await promisify(execFile)(findHaproxy() ?? '', ['-c', '-V', '-f', example]);
  t.regex(stdout + stderr, /Configuration file is valid/);
  t.notRegex(stdout + stderr, /WARNING|ALERT/);
});

test('HAProxy accepts the lines for bounded load without a warning, once they are no comments', async (t) => {
  let lines = 0;
  const text = (await readFile(example, 'utf8')).replaceAll(/^ {4}#(?=fullconn |default-server minconn )/gm, () => {
    lines += 1;
    return '    ';
  });
  t.is(lines, 2);
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'haproxy.cfg');
  await writeFile(file, text);
  const { stdout, stderr } = await promisify(execFile)(findHaproxy() ?? '', ['-c', '-V', '-f', file]);
  t.regex(stdout + stderr, /Configuration file is valid/);
  t.notRegex(stdout + stderr, /WARNING|ALERT/);
});

test('the example serves, checks its servers and lets weights be set', async (t) => {
  await using web1 = await applicationServer('web1');
  await using web2 = await applicationServer('web2');
  await using web3 = await applicationServer('web3');
  await using web4 = await applicationServer('web4');
  const ports = [web1, web2, web3, web4].map(({ port }) => port);
  await using haproxy = await ExampleHaproxy.start(ports);
  const { api } = haproxy;
  t.is(expectOk(await api.level()), 'admin');
  const servers = expectOk(await api.servers('web'));
  t.deepEqual(
    servers.map(({ server, weight, port }) => [server, weight, port]),
    [
      ['web1', 100, web1.port],
      ['web2', 100, web2.port],
      ['web3', 100, web3.port],
      ['web4', 100, web4.port],
    ],
  );
  const answers = new Set<string>();
  for (let index = 0; index < 8; index++) answers.add((await haproxy.ask()).body);
  t.deepEqual([...answers].sort(), ['web1', 'web2', 'web3', 'web4']);
  expectOk(
    await api.setWeights(
      'web',
      ['web1', 'web2', 'web3'].map((server) => ({ server, weight: 0 })),
    ),
  );
  for (let index = 0; index < 4; index++) t.is((await haproxy.ask()).body, 'web4');
  // HAProxy counts a response when its stream ends, which may be after the client has it
  const row = await until('all responses counted', async () => {
    const whole = expectOk(await api.stats('web')).at(-1);
    return whole?.responses2xx === 12 ? whole : null;
  });
  t.like(row, { name: 'BACKEND', algorithm: 'roundrobin', responses5xx: 0 });
});
