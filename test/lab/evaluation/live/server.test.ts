import { setTimeout as sleep } from 'node:timers/promises';
import { startGroups } from '../../../../lab/evaluation/servers/groups.ts';
import { ports, setFault } from '../../../../lab/evaluation/servers/server.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { serialWhere } from '../../../support/test-where.ts';
import { canMakeGroups } from '../support/groups.ts';

const onlyWithGroups = serialWhere(
  canMakeGroups(),
  'servers of experiments, which want the right to make control groups',
);

onlyWithGroups('a server is held to its quota, and what happens to it is real', async (t) => {
  t.timeout(120_000);
  await using servers = await startGroups('test', 50, [{ name: 's1', cores: 0.1 }]);
  const [server] = servers.list;
  if (server === undefined) throw new Error('no server');
  const get = async (port: number, path: string) => {
    try {
      const response = await fetch(`http://${server.host}:${port}${path}`, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 'no answer';
    }
  };
  const works = async () => (await get(ports.app, '/work?cpuMs=1')) === 200;
  const agentAnswers = async () => (await get(ports.agent, '/v1/snapshot')) === 200;
  await until('application and agent', async () => (await works()) && (await agentAnswers()));
  await server.limit();

  await setFault(server, { kind: 'burn', processes: 2 });
  const before = { usedMs: server.usedCpuMs(), atMs: performance.now() };
  await sleep(2_000);
  const cores = (server.usedCpuMs() - before.usedMs) / (performance.now() - before.atMs);
  t.true(cores > 0.05 && cores < 0.12, `all of its quota of 0.1 cores and no more: ${cores}`);

  await setFault(server, { kind: 'failing' });
  t.is(await get(ports.app, '/work?cpuMs=1'), 500);

  await setFault(server, { kind: 'gone' });
  t.is(await get(ports.app, '/work?cpuMs=1'), 'no answer');
  t.is(await get(ports.agent, '/v1/snapshot'), 'no answer');

  await setFault(server, null);
  await until('everything as before', async () => (await works()) && (await agentAnswers()));
  t.is(await get(ports.app, '/work?cpuMs=-1'), 400);
  await t.throwsAsync(() => setFault(server, { kind: 'burn', processes: 99 }), { message: /was answered 400/ });
});
