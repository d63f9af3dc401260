import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mayWrite } from '../../../controller/run/trust.ts';
import type { Peer } from '../../../shared/process/peer.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const [uid, gid] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
const stranger: Peer = { pid: 1, uid: 54_321, gids: [54_321, 54_322] };
const inOurGroup: Peer = { ...stranger, gids: [54_321, gid] };

test('root, this user, and one who cannot be told, may write anything', (t) => {
  for (const peer of [{ ...stranger, uid: 0 }, { ...stranger, uid }, null]) t.true(mayWrite('/none', peer));
  t.false(mayWrite('/none', stranger));
});

test('of other users, group, mode and the folders above tell', async (t) => {
  await using folder = await temporaryFolder();
  const inner = join(folder.path, 'inner');
  const path = join(inner, 'admin.sock');
  const link = join(folder.path, 'link.sock');
  await mkdir(inner);
  await writeFile(path, '');
  await symlink(path, link);
  for (const [outerMode, innerMode, mode, peer, expected] of [
    [0o755, 0o755, 0o755, stranger, false],
    [0o755, 0o755, 0o666, stranger, true],
    [0o755, 0o750, 0o666, stranger, false],
    [0o700, 0o755, 0o666, stranger, false],
    [0o755, 0o755, 0o660, inOurGroup, true],
    [0o755, 0o755, 0o660, stranger, false],
    [0o755, 0o750, 0o660, inOurGroup, true],
    [0o755, 0o755, 0o640, inOurGroup, false],
    // the group may not, although others may
    [0o755, 0o755, 0o606, inOurGroup, false],
  ] as const) {
    await chmod(folder.path, outerMode);
    await chmod(inner, innerMode);
    await chmod(path, mode);
    const modes = [outerMode, innerMode, mode].map((each) => each.toString(8)).join(' ');
    t.is(mayWrite(path, peer), expected, modes);
    t.is(mayWrite(link, peer), expected, `${modes}, by a link`);
  }
});
