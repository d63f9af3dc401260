import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';

/*
 * What `haweight restore --after-exit` needs to know of a controller that was killed. The file that it was started with may have
 * been edited since, or broken: the controller leaves its settings where systemd gives it a place for as long as the unit runs
 * (RuntimeDirectory=), in the form of a configuration file.
 */

type LastSettings = Pick<Config, 'haproxy' | 'backends' | 'dryRun' | 'onExit'>;

const fileName = 'last-settings.json';

/** The first of systemd's runtime folders; null where it has given none. */
function folderIn(environment: NodeJS.ProcessEnv): string | null {
  const [folder = ''] = (environment['RUNTIME_DIRECTORY'] ?? '').split(':');
  return folder === '' ? null : folder;
}

/** Leaves the settings of this controller. Does nothing where there is no place for them, or where it cannot be written. */
export function leaveSettings(settings: LastSettings, environment: NodeJS.ProcessEnv = process.env): void {
  const folder = folderIn(environment);
  if (folder === null) return;
  const { haproxy, backends, dryRun, onExit } = settings;
  const left = { haproxy, backends: backends.map(({ name }) => ({ name })), dryRun, onExit };
  try {
    mkdirSync(folder, { recursive: true });
    // whole or not at all
    writeFileSync(join(folder, `${fileName}.new`), `${JSON.stringify(left)}\n`, { mode: 0o600 });
    renameSync(join(folder, `${fileName}.new`), join(folder, fileName));
  } catch {
    // then the configuration file is asked, as without systemd
  }
}

/** The file with the settings of the controller that ran last in this unit; null: there is none. */
export function lastSettingsFile(environment: NodeJS.ProcessEnv = process.env): string | null {
  const folder = folderIn(environment);
  if (folder === null) return null;
  const file = join(folder, fileName);
  try {
    readFileSync(file);
    return file;
  } catch {
    return null;
  }
}
