import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';

const run = promisify(execFile);
const repository = new URL('../../../..', import.meta.url).pathname;

/** How long an engine may take to answer, in ms: one that hangs counts as missing. */
const infoDeadlineMs = 20_000;
/** A first build installs the npm packages. */
const buildDeadlineMs = 600_000;

/** Ryuk, the container that cleans up after Testcontainers, comes from a registry that may be out of reach. */
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';

/** Why no container can be started here; null where one can. */
const missing = await whyMissing();
const inCi = (process.env['CI'] ?? '') !== '';
if (missing !== null && !inCi) {
  process.stderr.write(`haweight tests: SKIPPING everything that needs containers: ${missing}\n`);
}

/** A test that needs a container engine. Without one it is skipped, loudly; in CI (variable CI) it fails. */
export function engineTest(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (missing === null) test.serial(title, body);
  else if (inCi) test.serial(title, (t) => t.fail(missing));
  else test.serial.skip(title, body);
}

async function whyMissing(): Promise<string | null> {
  try {
    await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: infoDeadlineMs });
    return null;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') return 'there is no command docker. Install Docker Engine';
    const reason = stderr.trim().split('\n').at(-1) || 'it did not answer in time';
    return `no Docker Engine answers (${reason}). Start it, or name it in DOCKER_HOST`;
  }
}

/** What `docker` prints, trimmed. Rejects with its standard error in the message. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { cwd: repository, maxBuffer: 16 * 1024 * 1024 });
  return stdout.trim();
}

/** Builds the repository's image, from the builder's cache where nothing has changed. Returns its id. */
export async function buildImage(): Promise<string> {
  const { stdout } = await run('docker', ['build', '--quiet', '--tag', 'haweight:test', repository], {
    timeout: buildDeadlineMs,
  });
  return stdout.trim();
}

/** HAPROXY_IMAGE, else an image of HAProxy that is already here, else the default of compose.yaml. */
export async function haproxyImage(): Promise<string> {
  const named = process.env['HAPROXY_IMAGE'];
  if (named !== undefined && named !== '') return named;
  const [local] = (await docker('images', '--format', '{{.Repository}}:{{.Tag}}', 'haproxy')).split('\n');
  return local === undefined || local === '' ? 'haproxy:3.2' : local;
}
