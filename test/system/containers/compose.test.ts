import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { Status } from '../../../shared/contract/status.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Load } from '../../support/load.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { composeStack } from './support/compose.ts';
import { buildImage, docker, engineTest } from './support/engine.ts';

const run = promisify(execFile);
const repository = new URL('../../..', import.meta.url).pathname;
/** The weight of all servers in compose.yaml and haproxy/compose.cfg. */
const configuredWeight = 100;
/** Between two requests: about a third of what the five can do at 5 ms of CPU each. */
const gapMs = 12;

engineTest('a clean start serves traffic balanced by measured load, and no request fails', async (t) => {
  t.timeout(600_000);
  const image = await buildImage();
  await using stack = await composeStack(`haweight-up-${process.pid}`, image);
  const startedMs = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startedMs);
  await stack.compose('up', '-d');
  const address = await stack.address('haproxy', 8080);
  const url = `http://${address}/`;
  await until('the first answer', () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  t.log(`first answer after ${elapsedMs()} ms`);

  await using load = new Load(Number(address.split(':')[1]), gapMs);
  await until('weights by size', async () => {
    const weights = weightsOf(
      JSON.parse(await stack.compose('exec', '-T', 'controller', 'haweight', 'weights', '--json')),
    );
    return bySize(weights) && Object.values(weights).some((weight) => weight !== configuredWeight);
  });
  // HAProxy distributes by the weights that it has then
  const before = new Map(load.seen.served);
  await load.answers(500);
  const answered = Object.fromEntries(
    [...load.seen.served].map(([name, all]) => [name, all - (before.get(name) ?? 0)]),
  );
  t.log(`balanced after ${elapsedMs()} ms: ${JSON.stringify(answered)}`);
  t.true(bySize(answered), JSON.stringify(answered));
  t.deepEqual([...load.seen.failed], []);

  const table = await stack.compose('exec', '-T', 'controller', 'haweight', 'weights');
  for (const server of ['s1', 's2', 's3', 's4', 's5']) t.regex(table, new RegExp(`^${server} +UP `, 'm'));
});

engineTest('without the socket volume the controller says so in one line, and ends with exit code 2', async (t) => {
  t.timeout(600_000);
  const image = await buildImage();
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'compose.yaml');
  const services = parse(await readFile(join(repository, 'compose.yaml'), 'utf8'), { merge: true });
  services.services.controller.volumes = ['token:/run/haweight:ro'];
  // docker-compose 1.29 reads YAML 1.1, where a bare no is false
  await writeFile(file, stringify(services, { version: '1.1' }));
  await using stack = await composeStack(`haweight-bare-${process.pid}`, image, file);
  await stack.compose('up', '-d', '--no-deps', 'token');
  await stack.compose('up', '-d', '--no-deps', 'controller');
  const id = await stack.container('controller');
  const format =
    '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}';
  const state = await until('the end of the restarts', async () => {
    const [status, exitCode, restarts, most] = (await docker('inspect', '--format', format, id)).split(' ');
    return status === 'exited' && restarts === most ? { exitCode, restarts } : false;
  });
  t.deepEqual(state, { exitCode: '2', restarts: '5' });
  const { stderr } = await run('docker', ['logs', id]);
  const lines = stderr.trim().split('\n');
  t.is(lines.length, 6, 'one a start');
  for (const line of lines) t.regex(line, /^haweight: \/run\/haproxy\/admin\.sock: no such socket.* mount .*volume/);
});

engineTest('with packages of another platform the image does not build, and an agent says what it lacks', async (t) => {
  t.timeout(600_000);
  const image = await buildImage();
  await using folder = await temporaryFolder();
  const other = `haweight-test-foreign-${process.pid}`;
  const from = (await docker('image', 'inspect', '--format', '{{.Architecture}}', image)) === 'arm64' ? 'x64' : 'arm64';
  await writeFile(
    join(folder.path, 'Dockerfile'),
    `FROM ${process.env['NODE_IMAGE'] ?? 'node:24-bookworm-slim'}\nENV npm_config_cpu=${from}\n`,
  );
  await docker('build', '--quiet', '--tag', other, folder.path);
  try {
    const build = docker('build', '--build-arg', `NODE_IMAGE=${other}`, repository);
    const error = await t.throwsAsync(build);
    t.regex(error?.message ?? '', /Dockerfile: the native part of koffi does not fit /);
  } finally {
    await docker('rmi', '--force', other);
  }
  // the same at run time: its folder is empty
  const hidden = ['--tmpfs', '/opt/haweight/node_modules/@koromix'];
  const once = await docker('run', '--rm', '--read-only', ...hidden, image, 'agent', '--once', '--json');
  const { metrics } = JSON.parse(once) as { metrics: { cpu: { status: string }; tcpQueues: { detail: string } } };
  t.is(metrics.cpu.status, 'ok');
  t.regex(metrics.tcpQueues.detail, /^libc cannot be called on linux .* Install the packages on this platform\.$/);
});

function weightsOf(status: Status): Record<string, number> {
  const servers = status.backends.find(({ backend }) => backend === 'web')?.servers ?? [];
  return Object.fromEntries(servers.map(({ server, weight }) => [server, weight ?? 0]));
}

/** s1 has 0.15 cores, s2 and s3 have 0.25, s4 and s5 0.5. */
function bySize(of: Readonly<Record<string, number>>): boolean {
  const { s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0 } = of;
  return s1 > 0 && s1 < Math.min(s2, s3) && Math.max(s2, s3) < Math.min(s4, s5);
}
