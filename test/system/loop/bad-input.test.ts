import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { answers, until } from '../../../testbed/rig/wait.ts';
import { field } from '../../haproxy/recorded.ts';
import { expectOk, haproxyTest } from '../../haproxy/setup.ts';
import { startMaster } from '../../support/haproxy-master.ts';
import { httpServer } from '../../support/http-server.ts';
import { type Finished, Haweight, haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/*
 * Every bad input that stops the start: one clear line, exit code 2, nothing changed in HAProxy. What agents
 * may answer is in controller/observe/agent-client.test.ts, configuration keys in controller/config/config.test.ts.
 */

const server = { address: '127.0.0.1:9', weight: 77 } as const;
const configuration = renderConfiguration({
  sockets: [{ bind: 'unix@operator.sock', level: 'operator' }],
  backends: [
    { name: 'web', servers: [{ name: 's1', ...server }] },
    { name: 'fixed', algorithm: 'static-rr', servers: [{ name: 's1', ...server }] },
    { name: 'firsts', algorithm: 'first', servers: [{ name: 's1', ...server }] },
    {
      name: 'checked',
      servers: [
        { name: 's1', ...server, options: 'agent-check agent-port 9' },
        { name: 's2', ...server },
      ],
    },
    { name: 'all', servers: [{ name: 's1', ...server, options: 'agent-check agent-port 9' }] },
  ],
});

function isOneLine(t: ExecutionContext, finished: Finished, ...words: readonly (string | RegExp)[]): void {
  const { code, stderr } = finished;
  t.is(code, 2, stderr);
  t.is(stderr.trimEnd().split('\n').length, 1, stderr);
  t.true(stderr.startsWith('haweight: '), stderr);
  t.false(/\n\s+at /.test(stderr), 'no stack trace');
  for (const word of words) t.true(typeof word === 'string' ? stderr.includes(word) : word.test(stderr), stderr);
}

async function isUnchanged(t: ExecutionContext, haproxy: HaproxyProcess): Promise<void> {
  const servers = expectOk(await haproxy.api.servers());
  t.deepEqual([...new Set(servers.map(({ weight }) => weight))], [77]);
}

const controller = (haproxy: HaproxyProcess, backend: string) =>
  ['controller', '--socket', haproxy.socket, '--backend', backend, '--listen', '127.0.0.1:0'] as const;

const wrongSetups: readonly (readonly [title: string, backend: string, ...words: (string | RegExp)[]])[] = [
  ['a backend that HAProxy does not have', 'wbe', 'wbe', '"web"'],
  ['a backend with a static algorithm', 'fixed', 'static-rr', 'roundrobin, leastconn, random'],
  ['a backend whose algorithm ignores weights', 'firsts', 'first', 'ignores weights'],
  ['a backend name that does not fit the protocol', 'web;show info', '--backend', 'letters'],
];
for (const [title, backend, ...words] of wrongSetups) {
  haproxyTest(`${title} gives one line and exit code 2, and changes nothing`, async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    isOneLine(t, await haweight(controller(haproxy, backend)), ...words);
    await isUnchanged(t, haproxy);
  });
}

for (const backend of ['checked', 'all']) {
  haproxyTest(`a server under agent-check is a warning, and stops no start: backend ${backend}`, async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    const check = await haweight([...controller(haproxy, backend), '--check']);
    t.is(check.code, 0, check.stderr);
    t.regex(check.stderr, new RegExp(`^warning: ${backend}/s1: agent-check writes the same weight.*\n$`));
    await using running = new Haweight([...controller(haproxy, backend), '--period-ms', '1000', '--policy', 'paper']);
    const warned = () => running.events('server under agent-check').length === 1;
    await until('its log', warned);
    t.deepEqual(
      running.events('server under agent-check').map(({ server: name, code }) => [name, code]),
      [['s1', 'server-agent-check']],
    );
    t.is((await running.stop()).code, 0);
    await isUnchanged(t, haproxy);
  });
}

haproxyTest("the socket of HAProxy's master process gives one line and exit code 2", async (t) => {
  await using master = await startMaster(configuration);
  const asked = ['controller', '-s', master.socket, '-b', 'web', '--listen', '127.0.0.1:0'];
  for (const flags of [[], ['--check']]) {
    isOneLine(
      t,
      await haweight([...asked, ...flags]),
      master.socket,
      "socket of HAProxy's master process",
      'stats socket',
    );
  }
});

test.serial('a HAProxy of several processes gives one line and exit code 2', async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'admin.sock');
  const several = createServer((client) => void client.once('data', () => client.end(field('nbproc.info.txt'))));
  await once(several.listen(socket), 'listening');
  isOneLine(t, await haweight(['controller', '-s', socket, '-b', 'web', '--check']), socket, 'nbproc 2', 'nbthread');
  isOneLine(t, await haweight(['restore', '-s', socket, '-b', 'web']), socket, 'nbproc 2', 'nbthread');
  several.close();
});

haproxyTest('a socket of level operator gives one line that says how to get admin, and nothing changes', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const socket = join(haproxy.folder, 'operator.sock');
  isOneLine(
    t,
    await haweight(['controller', '-s', socket, '-b', 'web', '--listen', '127.0.0.1:0']),
    'level admin',
    'level operator',
  );
  isOneLine(t, await haweight(['restore', '-s', socket, '-b', 'checked', '-b', 'web', '-b', 'wbe']), 'wbe');
  await isUnchanged(t, haproxy);
});

haproxyTest('--check reports the same and exits, and passes a valid set-up', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  isOneLine(t, await haweight([...controller(haproxy, 'fixed'), '--check']), 'static-rr');
  const fine = await haweight([...controller(haproxy, 'web'), '--check']);
  t.is(fine.code, 0, fine.stderr);
  await isUnchanged(t, haproxy);
});

test.serial('a socket without its folder, or that is not a socket, gives one line', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  for (const command of [['controller', '--listen', '127.0.0.1:0'], ['restore']]) {
    const asked = [...command, '-b', 'web', '-s'];
    isOneLine(t, await haweight([...asked, '/nonexistent/admin.sock']), '/nonexistent/admin.sock');
    isOneLine(t, await haweight([...asked, file]), file, 'socket');
  }
  isOneLine(t, await haweight(['controller', '-s', join(folder.path, 'x'), '-b', 'web', '--check']), 'no such socket');
});

test.serial("a controller's port in use gives one line", async (t) => {
  await using taken = await httpServer((_, response) => response.end());
  const listen = taken.address;
  isOneLine(t, await haweight(['controller', '-b', 'web', '--listen', listen]), listen, 'in use', '--listen');
});

test.serial('a token that is missing off loopback, too short or in a missing file gives one line', async (t) => {
  const off = ['controller', '-b', 'web', '--listen', '0.0.0.0:0'];
  isOneLine(t, await haweight(off), '0.0.0.0:0', '--insecure');
  isOneLine(t, await haweight(off, { HAWEIGHT_CONTROLLER_TOKEN: 'short' }), 'HAWEIGHT_CONTROLLER_TOKEN', 'at least 16');
  isOneLine(t, await haweight([...off, '--token-file', '/nonexistent/token']), '/nonexistent/token');
});

haproxyTest('a token that the controller does not accept gives one line', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const port = await freePort();
  await using _running = new Haweight(
    ['controller', '-s', haproxy.socket, '-b', 'web', '--listen', `127.0.0.1:${port}`],
    {
      HAWEIGHT_CONTROLLER_TOKEN: 'the-right-token-0123456789',
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('the controller', () => answers(`${url}/healthz`));
  isOneLine(t, await haweight(['weights', '--controller', url]), 'bearer token', '--token-file');
  isOneLine(
    t,
    await haweight(['weights', '--controller', url], { HAWEIGHT_CONTROLLER_TOKEN: 'the-wrong-token-0123456789' }),
    'bearer token',
  );
  const right = await haweight(['weights', '--controller', url], {
    HAWEIGHT_CONTROLLER_TOKEN: 'the-right-token-0123456789',
  });
  t.is(right.code, 0, right.stderr);
});

const wrongFlags: readonly (readonly [args: readonly string[], ...words: string[]])[] = [
  [['controller'], 'backends', '--backend NAME'],
  [['controller', '-b', 'web', '--period-ms', '7000'], '--period-ms', '7000'],
  [['controller', '-b', 'web', '--policy', 'fastest'], '--policy', 'inverse-load'],
  [['controller', '-b', 'web', '--listen', 'here'], 'HOST:PORT', '"here"'],
  [['controller', '-b', 'web', '--socket', 'a b'], 'a b'],
  [['controller', '--config', '/nonexistent.yaml'], '/nonexistent.yaml'],
  [['explain', 'web1'], 'BACKEND/SERVER', '"web1"'],
  [['weights', '--controller', 'http://127.0.0.1:1'], 'http://127.0.0.1:1'],
  [['weights', '--socket', '/nonexistent/admin.sock'], '/nonexistent/admin.sock'],
];
for (const [args, ...words] of wrongFlags) {
  test.serial(`haweight ${args.join(' ')} gives one line with the problem, and exit code 2`, async (t) => {
    const { code, stderr } = await haweight(args);
    t.is(code, 2, stderr);
    const [line, ...more] = stderr
      .trimEnd()
      .split('\n')
      .filter((each) => !each.startsWith('asking HAProxy'));
    t.deepEqual(more, []);
    for (const word of words) t.true(line?.includes(word), stderr);
  });
}

for (const args of [
  ['--nonsense'],
  ['nonsense'],
  ['controller', '--nonsense'],
  ['controller', '--period-ms', 'soon'],
  ['explain'],
]) {
  test.serial(`haweight ${args.join(' ')} points to --help, with exit code 2`, async (t) => {
    const { code, stderr } = await haweight(args);
    t.is(code, 2);
    t.regex(stderr, /^error: .*\n\(see haweight --help\)\n$/);
  });
}
