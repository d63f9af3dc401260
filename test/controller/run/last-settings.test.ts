import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../controller/config/load.ts';
import { configSchema } from '../../../controller/config/schema.ts';
import { lastSettingsFile, leaveSettings } from '../../../controller/run/last-settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const settings = configSchema.parse({
  haproxy: { socket: '/run/haproxy/admin.sock', timeoutMs: 500 },
  backends: [{ name: 'web', agents: { web1: 'http://h:1' } }, { name: 'api' }],
  agents: { tokenFile: '/etc/haweight/agent.token' },
  onExit: 'keep',
});

test('a controller leaves what a restore needs, as a configuration that can be loaded, for its user only', async (t) => {
  await using folder = await temporaryFolder();
  const environment = { RUNTIME_DIRECTORY: `${join(folder.path, 'run')}:/elsewhere` };
  t.is(lastSettingsFile(environment), null);
  leaveSettings(settings, environment);
  const file = lastSettingsFile(environment) ?? '';
  t.is((await stat(file)).mode & 0o777, 0o600);
  const { haproxy, backends, dryRun, onExit, agents } = loadConfig({ config: file });
  t.deepEqual(haproxy, settings.haproxy);
  t.deepEqual(
    backends.map(({ name }) => name),
    ['web', 'api'],
  );
  t.deepEqual([dryRun, onExit, agents.tokenFile], [false, 'keep', undefined]);
  leaveSettings({ ...settings, onExit: 'restore' }, environment);
  t.is(loadConfig({ config: file }).onExit, 'restore');
  t.deepEqual(await readdir(join(folder.path, 'run')), ['last-settings.json']);
});

test('without systemd, or where nothing can be written, nothing is left and nothing fails', async (t) => {
  await using folder = await temporaryFolder();
  leaveSettings(settings, {});
  t.is(lastSettingsFile({}), null);
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  leaveSettings(settings, { RUNTIME_DIRECTORY: file });
  t.is(lastSettingsFile({ RUNTIME_DIRECTORY: file }), null);
  const blocked = { RUNTIME_DIRECTORY: join(folder.path, 'blocked') };
  await mkdir(join(blocked.RUNTIME_DIRECTORY, 'last-settings.json'), { recursive: true });
  leaveSettings(settings, blocked);
  t.is(lastSettingsFile(blocked), null);
});
