import type { Config } from '../config/schema.ts';
import { leaveOwnFile, ownFile, readOwnFile } from './own-folder.ts';

/*
 * What `haweight restore --after-exit` needs to know of a controller that was killed. The file that it was started with may have
 * been edited since, or broken: the controller leaves its settings in its own folder, in the form of a configuration file.
 */

type LastSettings = Pick<Config, 'haproxy' | 'backends' | 'dryRun' | 'onExit'>;

const fileName = 'last-settings.json';

/** Leaves the settings of this controller. Does nothing where there is no place for them, or where it cannot be written. */
export function leaveSettings(settings: LastSettings, environment: NodeJS.ProcessEnv = process.env): void {
  const file = ownFile(fileName, environment);
  if (file === null) return;
  const { haproxy, backends, dryRun, onExit } = settings;
  leaveOwnFile(file, { haproxy, backends: backends.map(({ name }) => ({ name })), dryRun, onExit });
}

/** The file with the settings of the controller that ran last in this unit; null: there is none. */
export function lastSettingsFile(environment: NodeJS.ProcessEnv = process.env): string | null {
  const file = ownFile(fileName, environment);
  return file === null || readOwnFile(file) === null ? null : file;
}
