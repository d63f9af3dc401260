import { execFile } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { rootTest } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const run = promisify(execFile);
const bin = new URL('../../../cli/bin.ts', import.meta.url).pathname;

/** Puts itself into group $1, and the agent into namespaces where the only mount of groups, at $2, begins above it. */
const script = `
echo 0 > "$1/cgroup.procs"
exec unshare --mount --cgroup --propagation private sh -c '
  sed -n "s/^[0-9]* [0-9]* [^ ]* [^ ]* \\([^ ]*\\) .* - cgroup2\\{0,1\\} .*/\\1/p" /proc/self/mountinfo |
    grep -vx "$1" | xargs -r -n 1 umount
  exec "$2" "$3" agent --once --json --scope cgroup --window-ms 100 --sample-ms 100' sh "$2" "$3" "$4"`;

rootTest('in a mount that begins above our group, a real kernel leads to our own folder', async (t) => {
  await using folder = await temporaryFolder();
  const mounted = await run('mount', ['-t', 'cgroup2', 'cgroup2', folder.path]).then(
    () => true,
    () => false,
  );
  if (!mounted) {
    t.log('SKIPPED: version 2 groups cannot be mounted here');
    t.pass();
    return;
  }
  const name = `haweight-test-${process.pid}`;
  const [group, other] = [join(folder.path, name, 'a'), join(folder.path, name, 'b')];
  try {
    for (const each of [group, other]) mkdirSync(each, { recursive: true });
    const { stdout } = await run('sh', ['-c', script, 'sh', group, folder.path, process.execPath, bin]);
    const { scope, warnings } = snapshotSchema.parse(JSON.parse(stdout));
    t.deepEqual(scope, { kind: 'cgroup', version: 2, path: '/' });
    // only in its own folder is it alone
    t.regex(warnings?.join('\n') ?? '', /this group has no process but the agent/);
  } finally {
    for (const each of [group, other, join(folder.path, name)]) rmdirSync(each);
    await run('umount', [folder.path]);
  }
});
