import { chownSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentFolders } from '../../../../lab/evaluation/servers/parent-group.ts';
import { Child } from '../../../../testbed/rig/child.ts';
import { isRoot } from '../../../support/root.ts';
import { serialWhere } from '../../../support/test-where.ts';
import { canMakeGroups } from '../support/groups.ts';

/** The user nobody, on every Linux. */
const uid = 65_534;
const program = join(import.meta.dirname, '../support/one-server.ts');
/** Enters the groups, gives up root for good, and becomes Node.js. */
const enter = `for group in "$@"; do echo $$ > "$group/cgroup.procs"; done
exec setpriv --reuid=${uid} --regid=${uid} --clear-groups --no-new-privs "$NODE" "$PROGRAM"`;

// version 2 forbids processes beside limited groups, so that its delegation needs a manager such as systemd
const isVersion1 = canMakeGroups() && parentFolders().length > 1;

serialWhere(isVersion1 && isRoot, 'servers without root, a test that wants root and control groups of version 1')(
  'a user with delegated control groups needs no root to run servers in them',
  async (t) => {
    t.timeout(120_000);
    const groups = parentFolders().map((parent) => `${parent}/haweight-delegated-${process.pid}`);
    for (const group of groups) {
      mkdirSync(group);
      for (const name of ['', ...readdirSync(group)]) chownSync(join(group, name), uid, uid);
    }
    t.teardown(() => {
      for (const group of groups) rmdirSync(group);
    });
    const environment = { PATH: process.env['PATH'], NODE: process.execPath, PROGRAM: program };
    const command = ['/bin/sh', '-c', enter, 'enter', ...groups];
    await using child = new Child('one server', command, { environment, stdout: true });
    await child.ended;
    t.is(child.stderr, '');
    const { uid: as, usedCpuMs } = JSON.parse(child.stdout) as { uid: number; usedCpuMs: number };
    t.is(as, uid);
    t.true(usedCpuMs > 100 && usedCpuMs < 250, `two seconds of 0.1 cores: ${usedCpuMs} ms`);
  },
);
