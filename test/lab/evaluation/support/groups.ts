import { mkdirSync, rmdirSync } from 'node:fs';
import { parentFolders } from '../../../../lab/evaluation/servers/parent-group.ts';

/** Whether control groups can be made here: as root, or in a delegated group. */
export function canMakeGroups(): boolean {
  try {
    for (const parent of parentFolders()) {
      const folder = `${parent}/haweight-may-i-${process.pid}`;
      mkdirSync(folder);
      rmdirSync(folder);
    }
    return true;
  } catch {
    return false;
  }
}
