import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Child } from '../../testbed/rig/child.ts';
import { findHaproxy } from '../../testbed/rig/haproxy-program.ts';
import { until } from '../../testbed/rig/wait.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Master extends AsyncDisposable {
  /** Path of the socket of `-S`. */
  readonly socket: string;
}

/** HAProxy as master and worker, with the socket of the master process. */
export async function startMaster(configuration: string): Promise<Master> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await temporaryFolder());
  await writeFile(join(folder.path, 'haproxy.cfg'), configuration);
  const socket = join(folder.path, 'master.sock');
  const command = [findHaproxy() ?? 'haproxy', '-W', '-db', '-S', socket, '-f', 'haproxy.cfg'];
  const master = made.use(new Child('haproxy', command, { cwd: folder.path, folder: folder.path }));
  await until(
    () => master.stderr,
    () => answers(socket),
  );
  const kept = made.move();
  return { socket, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The master listens, starts itself anew and listens again: an answer comes from the second only. */
function answers(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const connection = connect(socket, () => connection.end('show proc\n'));
  connection.on('data', () => resolve(true));
  connection.on('error', () => resolve(false)).on('close', () => resolve(false));
  return promise.finally(() => connection.destroy());
}
