import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claim } from '../../../controller/run/lock.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { expectOk } from '../../haproxy/setup.ts';
import { rootTest } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const unit = 54_321;
const stranger = 54_323;
/** Of HAProxy's socket; the unit is in it, but its namespace does not know it. */
const group = 54_322;
const module = new URL('../../../controller/run/lock.ts', import.meta.url).href;

/** Takes the claim as this user, in its own user namespace where `isPrivate`: with only root and itself, as PrivateUsers= has it. */
async function take(socket: string, uid: number, isPrivate: boolean): Promise<Child> {
  const what = { kind: 'backend', socket, backend: 'web' };
  const code = `const { claim } = await import(${JSON.stringify(module)});
    console.log('loaded');
    await new Promise((go) => process.once('message', go));
    process.setgroups([${isPrivate ? '' : group}]); process.setgid(${uid}); process.setuid(${uid});
    const taken = await claim([${JSON.stringify(what)}], { pid: process.pid, listen: 'here' });
    console.log(taken.ok ? 'held' : 'refused');
    setInterval(() => {}, 1_000);`;
  const through = isPrivate ? { through: ['unshare', '--user', '--keep-caps'] } : {};
  const child = new Child('taker', [process.execPath, '--input-type=module', '-e', code], {
    stdout: true,
    ipc: true,
    ...through,
  });
  await until('it is loaded', () => child.stdout.includes('loaded'));
  if (isPrivate) {
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, `0 0 1\n${uid} ${uid} 1\n`);
  }
  child.process.send('go');
  await until('it has tried', () => /held|refused/.test(child.stdout));
  return child;
}

rootTest("in the unit's user namespace root counts, a user who may not write the socket does not", async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'admin.sock');
  writeFileSync(socket, '');
  chownSync(socket, 0, group);
  chmodSync(socket, 0o660);
  chmodSync(folder.path, 0o755);
  {
    await using _root = expectOk(
      await claim([{ kind: 'backend', socket, backend: 'web' }], { pid: 1, listen: 'root' }),
    );
    await using late = await take(socket, unit, true);
    t.true(late.stdout.includes('refused'));
  }
  {
    // an unknown group there may be any: none of them counts
    chownSync(socket, 0, 0);
    await using squatter = await take(socket, stranger, false);
    t.true(squatter.stdout.includes('held'));
    chownSync(socket, 0, group + 10);
    await using service = await take(socket, unit, true);
    t.true(service.stdout.includes('held'));
    await using second = await take(socket, unit, true);
    t.true(second.stdout.includes('refused'), 'its own user counts there');
  }
});
