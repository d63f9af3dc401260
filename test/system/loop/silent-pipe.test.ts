import { execFileSync } from 'node:child_process';
import { constants, readdirSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function hasOpen(pid: number, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((fd) => {
    try {
      return readlinkSync(join(folder, fd)) === path;
    } catch {
      return false;
    }
  });
}

const controller = ['controller', '--socket', '/nonexistent/admin.sock', '--backend', 'web', '--listen', '127.0.0.1:0'];
for (const [what, args] of [
  ["an agent's token", ['agent', '--listen', '127.0.0.1:0', '--token-file']],
  ["a controller's token", [...controller, '--token-file']],
  ["a controller's token for agents", [...controller, '--agent-token-file']],
  ["a controller's configuration", ['controller', '--config']],
] as const) {
  test(`SIGTERM ends it at once while a pipe whose writer is silent is read: ${what}`, async (t) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'pipe');
    execFileSync('mkfifo', [path]);
    await using _writer = await open(path, constants.O_RDWR);
    await using running = new Haweight([...args, path]);
    await until('it reads the pipe', () => hasOpen(running.pid, path));
    const { code, stderr } = await running.stop();
    t.is(stderr, '', 'it does not wait until it gives the pipe up');
    t.not(code, 2);
  });
}
