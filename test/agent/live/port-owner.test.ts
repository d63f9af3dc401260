import test from 'ava';
import { type Snapshot, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight } from '../../support/process.ts';
import { isRoot } from '../../support/root.ts';

const asNobody = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

/** A process that listens there and does nothing. */
async function listener(address: string, port: number, through: readonly string[] = []): Promise<Child> {
  const script = `require('net').createServer().listen(${port}, '${address}', () => console.log('ready'))`;
  const child = new Child('listener', [process.execPath, '-e', script], { through, stdout: true, cwd: '/' });
  await until(
    () => `a listener at ${address}: ${child.stderr}`,
    () => child.stdout === 'ready\n',
  );
  return child;
}

/** An agent that measures the process of a port, listening on 127.0.0.1 itself. */
async function agentOf(port: string) {
  const flags = ['--listen', '127.0.0.1:0', '--sample-ms', '100', '--window-ms', '200'];
  const agent = new Haweight(['agent', ...flags, '--port', port]);
  const url = await until('the URL', () => /"url":"(http[^"]+)"/.exec(agent.stderr)?.[1] ?? null);
  const snapshotWith = async (what: string, isSo: (snapshot: Snapshot) => boolean) =>
    await until(what, async () => {
      const response = await fetch(`${url}/v1/snapshot`);
      if (response.status !== 200) return null;
      const snapshot = snapshotSchema.parse(await response.json());
      return isSo(snapshot) ? snapshot : null;
    });
  const follows = async (pid: number) =>
    await snapshotWith(`process ${pid}`, ({ scope }) => scope.kind === 'process' && scope.pid === pid);
  return { agent, snapshotWith, follows };
}

test('a process of another user at another address of the port, also one that was there first, is not the application', async (t) => {
  const port = await freePort();
  await using other = await listener('127.0.0.66', port, asNobody);
  const { agent, follows } = await agentOf(String(port));
  await using _agent = agent;
  await follows(other.pid);
  await using application = await listener('127.0.0.1', port);
  await follows(application.pid);
  await application.stop();
  await follows(other.pid);
  await using again = await listener('127.0.0.1', port);
  await follows(again.pid);
  t.pass();
});

test('of unrelated owners none is measured, which is logged once; with an address the right one is', async (t) => {
  const port = await freePort();
  await using one = await listener('127.0.0.66', port);
  await using other = await listener('127.0.0.67', port, asNobody);
  const { agent, snapshotWith } = await agentOf(String(port));
  await using _agent = agent;
  const unknown = await snapshotWith('the reason', ({ metrics }) => metrics.cpu.status !== 'ok');
  await snapshotWith('ten more samples', ({ takenAtMs }) => takenAtMs > unknown.takenAtMs + 1_000);
  const { cpu } = unknown.metrics;
  t.like(cpu, { status: 'unavailable', reason: 'failed' });
  t.regex(
    cpu.status === 'ok' ? '' : cpu.detail,
    /^port \d+ is held by 2 unrelated applications: .*: --port ADDRESS:\d+$/,
  );
  const told = agent.events('metric unavailable').filter(({ detail }) => detail?.includes('unrelated'));
  t.true(told.length >= 1 && told.length <= Object.keys(unknown.metrics).length, agent.stderr);
  for (const { pid, address } of [
    { pid: one.pid, address: '127.0.0.66' },
    { pid: other.pid, address: '127.0.0.67' },
  ]) {
    const named = await agentOf(`${address}:${port}`);
    await using _named = named.agent;
    await named.follows(pid);
  }
});
