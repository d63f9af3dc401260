import { get } from 'node:http';
import test from 'ava';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { isRefused } from '../../support/refused.ts';

const token = 'a-token-of-at-least-16-characters';

/** Starts an agent on a free port; its URL is the one that it logs. */
async function startAgent(args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const agent = new Haweight(['agent', '--listen', '127.0.0.1:0', '--scope', 'host', ...args], environment);
  const url = await until(
    () => `the agent's URL in: ${agent.stderr}`,
    () => /"url":"(http[^"]+)"/.exec(agent.stderr)?.[1] ?? null,
  );
  return { agent, url };
}

test.serial('serves a snapshot that the controller can read, health and Prometheus metrics', async (t) => {
  const { agent, url } = await startAgent([
    '--name',
    'web1',
    '--link-speed',
    '1G',
    '--window-ms',
    '200',
    '--sample-ms',
    '100',
  ]);
  await using _agent = agent;
  let last = '';
  const all = () => `every metric in: ${last}`;
  const snapshot = await until(all, async () => {
    const response = await fetch(`${url}/v1/snapshot`);
    last = await response.text();
    const parsed = snapshotSchema.parse(JSON.parse(last));
    return Object.values(parsed.metrics).every(({ status }) => status === 'ok') ? parsed : null;
  });
  t.is(snapshot.server, 'web1');
  t.deepEqual(snapshot.scope, { kind: 'host' });
  t.true(snapshot.ageMs < 5_000);
  t.is((await fetch(`${url}/healthz`)).status, 200);
  const metrics = await fetch(`${url}/metrics`);
  t.regex(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  t.regex(await metrics.text(), /^haweight_agent_ram_utilisation_ratio 0\.\d+$/m);
});

test.serial('other paths are 404, other methods 405, and the age grows between samples', async (t) => {
  const { agent, url } = await startAgent(['--sample-ms', '60000']);
  await using _agent = agent;
  t.is((await fetch(`${url}/etc/passwd`)).status, 404);
  t.is((await fetch(`${url}/v1/snapshot`, { method: 'POST' })).status, 405);
  const age = async () => snapshotSchema.parse(await (await fetch(`${url}/v1/snapshot`)).json()).ageMs;
  const before = await until('a sample', async () => await age());
  t.true((await age()) > before);
});

test.serial('with a token set, requests need it, except for health', async (t) => {
  const { agent, url } = await startAgent([], { HAWEIGHT_AGENT_TOKEN: token });
  await using _agent = agent;
  const status = async (headers: Record<string, string>) => (await fetch(`${url}/v1/snapshot`, { headers })).status;
  t.is(await status({}), 401);
  t.is(await status({ authorization: 'Bearer wrong-wrong-wrong-wrong' }), 401);
  t.is(await status({ authorization: `Bearer ${token}` }), 200);
  t.is((await fetch(`${url}/healthz`)).status, 200);
  t.is((await fetch(`${url}/metrics`)).status, 401);
});

test.serial('it ends on SIGTERM with exit code 0', async (t) => {
  const { agent } = await startAgent();
  const { code } = await agent.stop();
  t.is(code, 0);
});

test.serial('without a token an address off loopback is refused in one line', async (t) => {
  const finished = await haweight(['agent', '--listen', '0.0.0.0:0'], { HAWEIGHT_AGENT_TOKEN: undefined });
  isRefused(t, finished, /^0\.0\.0\.0:0: other machines can reach this address/);
});

test.serial('a port in use is refused in one line', async (t) => {
  await using taken = await httpServer((_, response) => response.end());
  const finished = await haweight(['agent', '--listen', taken.address, '--', 'true']);
  isRefused(t, finished, new RegExp(`^127\\.0\\.0\\.1:${taken.port}: the port is in use`));
});

for (const [what, args] of [
  ['a bad value', ['--cores', 'many', '--pid', '1']],
  ['an argument without --', ['app']],
  ['a pid that is not there', ['--pid', '4194303']],
  ['a group that is not there', ['--cgroup', '/haweight-test-no-such-group']],
  ['a token file that is not there', ['--token-file', '/nonexistent/token']],
] as const) {
  test.serial(`${what} is refused in one line`, async (t) => {
    isRefused(t, await haweight(['agent', ...args]), /./);
  });
}

test.serial('--once prints a table, --once --json the snapshot', async (t) => {
  const args = ['agent', '--once', '--scope', 'host', '--window-ms', '200'];
  const table = await haweight(args);
  t.is(table.code, 0, table.stderr);
  t.regex(table.stdout, /^CPU .* core-seconds/m);
  t.true(table.stdout.split('\n').every((line) => line.length <= 80));
  const json = await haweight([...args, '--json']);
  const snapshot = snapshotSchema.parse(JSON.parse(json.stdout));
  t.is(snapshot.metrics.cpu.status, 'ok');
});

test.serial('a web page that has this address by its own name is refused, unless the name is allowed', async (t) => {
  const { agent, url } = await startAgent(['--allow-host', 'status.example,status.test']);
  await using _agent = agent;
  const statusFor = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      get(`${url}/v1/snapshot`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  await until('a sample', async () => (await statusFor('localhost')) === 200);
  t.is(await statusFor('evil.example'), 421);
  t.is(await statusFor('status.test:443'), 200);
});

test.serial('a name to allow that is none is one line that names the flag', async (t) => {
  for (const name of ['http://x', 'x:80', '', 'a b']) {
    const { code, stderr } = await haweight(['agent', '--allow-host', name]);
    t.is(code, 2);
    t.regex(stderr, /--allow-host: .*a name or address without a port/);
  }
});
