import type { StartedTestContainer } from 'testcontainers';
import { until } from '../../../testbed/rig/wait.ts';
import { docker, engineTest } from './support/engine.ts';
import { Pool } from './support/pool.ts';

const size = { cores: 0.2, memoryMebibytes: 256 };

engineTest('agent, application and controller work without root, capabilities or a writable folder', async (t) => {
  await using pool = await Pool.start(['s1', 's2'], size);
  const { balancer, servers } = pool;
  const containers = { controller: balancer.controller, s1: pool.server('s1').container };

  for (const [name, container] of Object.entries(containers)) {
    const processes = await processesOf(container);
    t.true(processes.length >= (name === 's1' ? 2 : 1), `${name}: ${JSON.stringify(processes)}`);
    for (const { command, fields } of processes) {
      const who = `${name}: ${command}`;
      t.deepEqual(fields['Uid']?.split(/\s+/), ['1000', '1000', '1000', '1000'], who);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.is(BigInt(`0x${fields[set]}`), 0n, who);
      t.is(fields['NoNewPrivs'], '1', who);
    }
    for (const path of ['/written', '/opt/haweight/written', '/usr/local/bin/written', '/tmp/written']) {
      const { output, exitCode } = await container.exec(['sh', '-c', `echo x >${path}`]);
      t.not(exitCode, 0, `${name} wrote ${path}`);
      t.regex(output, /Read-only file system/);
    }
  }

  // everything with a limit is measured, and the weights are written
  for (const server of servers) {
    const { scope, metrics } = await until('the first window', async () => {
      const snapshot = await server.snapshot();
      return snapshot.metrics.cpu.status === 'ok' && snapshot;
    });
    t.is(scope.kind, 'cgroup');
    const measured = [metrics.cpu.status, metrics.ram.status, metrics.threads.status, metrics.tcpQueues.status];
    t.deepEqual(measured, ['ok', 'ok', 'ok', 'ok']);
  }
  await until('a weight is written', async () => (await balancer.status()).weightsWritten > 0);
});

engineTest("the image's own user is not root, and owns only the folder for its token", async (t) => {
  await using pool = await Pool.start(['s1'], size);
  const { container } = pool.server('s1');
  const image = await docker('inspect', '--format', '{{.Config.Image}}', container.getId());
  t.is(await docker('image', 'inspect', '--format', '{{.Config.User}}', image), '1000:1000');
  const own = '-xdev ( -user 1000 -o -group 1000 ) -not -path /home/node* -not -path /proc/*';
  const { output } = await container.exec(['find', '/', ...own.split(' ')]);
  const owned = lines(output).filter((line) => !line.startsWith('find: '));
  t.deepEqual(owned, ['/run/haweight']);
});

engineTest('neither arguments nor environment of a container have the token', async (t) => {
  await using pool = await Pool.start(['s1'], size);
  const { token, balancer } = pool;
  for (const container of [pool.server('s1').container, balancer.controller]) {
    // it has the token, otherwise it would not work
    t.is((await container.exec(['cat', '/run/secrets/haweight.token'])).output, token);
    t.false((await docker('inspect', container.getId())).includes(token));
    for (const { command } of await processesOf(container)) t.false(command.includes(token), command);
    t.false((await docker('logs', container.getId())).includes(token));
  }
});

interface Process {
  readonly command: string;
  /** Of /proc/PID/status. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Processes of the container, without the shell that lists them. */
async function processesOf(container: StartedTestContainer): Promise<readonly Process[]> {
  const look =
    'for p in /proc/[0-9]*; do [ "$p" = /proc/$$ ] || { tr "\\0" " " <$p/cmdline; echo; cat $p/status; echo; }; done';
  const { output } = await container.exec(['sh', '-c', `(${look}) 2>/dev/null`]);
  const blocks = output.split('\n\n').filter((block) => block.includes('Uid:'));
  return blocks.map((block) => {
    const [command = '', ...rest] = lines(block);
    const fields = rest.map((line) => line.split(/:\s*/, 2) as [string, string]);
    return { command, fields: Object.fromEntries(fields) };
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
