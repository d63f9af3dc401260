/** Where systemd puts credentials of system and user units (systemd.exec(5)), and what is left of `${CREDENTIALS_DIRECTORY}/token`. */
const credentialPath = /^(?:\/run(?:\/user\/\d+)?\/credentials\/.+|\/token)$/;
/** EACCES: systemd leaves the empty folder of an earlier run, which is root's. */
const absent = new Set(['ENOENT', 'EACCES']);
/** The same of any other name, for a process that systemd started. */
const emptyDirectory = /^\/[^/]+$/;

/**
 * Whether a file that is not there is a credential that systemd was to pass on. Images for LXC and Incus have drop-ins that set
 * `LoadCredential=` to nothing, for every unit: then the directory is unset, and only an odd path is left.
 */
export function isMissingCredential(path: string, code: string, environment = process.env): boolean {
  if (!absent.has(code) || (environment['CREDENTIALS_DIRECTORY'] ?? '') !== '') return false;
  return credentialPath.test(path) || (environment['INVOCATION_ID'] !== undefined && emptyDirectory.test(path));
}
