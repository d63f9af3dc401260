import test from 'ava';
import type { Connection, Reply } from '../../../../testbed/rig/load/connection.ts';
import { Pool } from '../../../../testbed/rig/load/pool.ts';
import { good, serve } from './raw-server.ts';

const answered = (connection: Connection) => new Promise<Reply>((resolve) => connection.send('/', 60_000, resolve));

test.serial('a connection that was idle for more than five seconds is not used again', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  const pool = new Pool(server.target, true);
  const { now } = performance;
  t.teardown(() => {
    performance.now = now;
  });
  let clockMs = 0;
  performance.now = () => clockMs;
  const connection = pool.take();
  t.is((await answered(connection)).kind, 'answered');
  pool.giveBack(connection);
  clockMs = 5_000;
  t.is(pool.take(), connection);
  pool.giveBack(connection);
  clockMs = 10_001;
  t.not(pool.take(), connection);
  t.false(connection.isUsable);
});

test.serial('a pool that keeps none closes each after its answer', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  const pool = new Pool(server.target, false);
  const connection = pool.take();
  t.is((await answered(connection)).kind, 'answered');
  pool.giveBack(connection);
  t.false(connection.isUsable);
  t.not(pool.take(), connection);
});
