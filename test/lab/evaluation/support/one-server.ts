// Starts a server in a control group of its own, limits it to a quota, and reports: what a run without root does.
import { setTimeout as sleep } from 'node:timers/promises';
import { startGroups } from '../../../../lab/evaluation/servers/groups.ts';
import { ports } from '../../../../lab/evaluation/servers/server.ts';
import { until } from '../../../../testbed/rig/wait.ts';

await using servers = await startGroups('alone', 51, [{ name: 's1', cores: 0.1 }]);
const [server] = servers.list;
if (server === undefined) throw new Error('no server');
const status = (port: number, path: string) =>
  fetch(`http://${server.host}:${port}${path}`).then(
    (response) => response.status,
    () => null,
  );
await until('application and agent', async () => {
  const both = [await status(ports.app, '/work?cpuMs=1'), await status(ports.agent, '/v1/snapshot')];
  return both.every((each) => each === 200);
});
await server.limit();
const before = server.usedCpuMs();
await Promise.race([status(ports.app, '/work?cpuMs=1000'), sleep(2_000)]);
process.stdout.write(JSON.stringify({ uid: process.getuid?.(), usedCpuMs: server.usedCpuMs() - before }));
