import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { findHaproxy } from '../../testbed/rig/haproxy-program.ts';
import { until } from '../../testbed/rig/wait.ts';
import { httpServer } from '../support/http-server.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

const example = fileURLToPath(new URL('../../haproxy/haproxy.cfg', import.meta.url));

/** The example with this machine's paths and addresses; each replaced text must occur in it. */
async function localExample(ports: readonly number[]): Promise<string> {
  const text = await readFile(example, 'utf8');
  const replacements: readonly [string, string][] = [
    [
      'stats socket /run/haproxy/admin.sock mode 660 group haproxy level admin',
      'stats socket unix@example.sock mode 660 level admin',
    ],
    ['\n    user haproxy\n    group haproxy\n', '\n'],
    ['    log /dev/log local0\n', ''],
    ['bind :80\n', 'bind unix@http.sock\n'],
    ...ports.map((port, index): [string, string] => [`192.0.2.1${index + 1}:8080`, `127.0.0.1:${port}`]),
  ];
  return replacements.reduce((config, [from, to]) => {
    if (config.split(from).length !== 2)
      throw new Error(`haproxy.cfg does not have exactly one ${JSON.stringify(from)}`);
    return config.replace(from, to);
  }, text);
}

const applicationServer = (name: string) => httpServer((_, response) => response.end(name));

async function get(socketPath: string): Promise<string> {
  const [response] = await once(request({ socketPath, agent: false }).end(), 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}

test('HAProxy accepts the unchanged example without a warning', async (t) => {
  // without -V, versions from 2.8 on print nothing for a valid file
  const { stdout, stderr } = await promisify(execFile)(findHaproxy() ?? '', ['-c', '-V', '-f', example]);
  t.regex(stdout + stderr, /Configuration file is valid/);
  t.notRegex(stdout + stderr, /WARNING|ALERT/);
});

test('the example serves, checks its servers and lets weights be set', async (t) => {
  await using web1 = await applicationServer('web1');
  await using web2 = await applicationServer('web2');
  await using web3 = await applicationServer('web3');
  await using web4 = await applicationServer('web4');
  const ports = [web1, web2, web3, web4].map(({ port }) => port);
  await using haproxy = await startHaproxy({ configuration: await localExample(ports), masterWorker: true });
  const api = new RuntimeApi({ socket: join(haproxy.folder, 'example.sock') });
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
  const http = join(haproxy.folder, 'http.sock');
  const answers = new Set<string>();
  for (let index = 0; index < 8; index++) answers.add(await get(http));
  t.deepEqual([...answers].sort(), ['web1', 'web2', 'web3', 'web4']);
  expectOk(
    await api.setWeights(
      'web',
      ['web1', 'web2', 'web3'].map((server) => ({ server, weight: 0 })),
    ),
  );
  for (let index = 0; index < 4; index++) t.is(await get(http), 'web4');
  // HAProxy counts a response when its stream ends, which may be after the client has it
  const row = await until('all responses counted', async () => {
    const whole = expectOk(await api.stats('web')).at(-1);
    return whole?.responses2xx === 12 ? whole : null;
  });
  t.like(row, { name: 'BACKEND', algorithm: 'roundrobin', responses5xx: 0 });
});
