import { recordingVersion } from '../../controller/index.ts';
import { note } from '../exit.ts';

/** Says on standard error, once for each, which other versions a recording is of. */
export class VersionNotes {
  readonly #seen = new Set<number>([recordingVersion]);

  note(version: number, where: string): void {
    if (this.#seen.has(version)) return;
    this.#seen.add(version);
    note(
      version < recordingVersion
        ? `${where}: recorded by an older haweight (version ${version}); what it did not record has defaults (docs/operations.md, "Upgrading")`
        : `${where}: recorded by a newer haweight (version ${version}); what this one does not know is left out`,
    );
  }
}
