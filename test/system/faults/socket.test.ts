import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { isRoot } from '../../support/root.ts';
import { FaultRun } from './support/run.ts';

/*
 * HAProxy's socket goes away, is another program's, is forbidden, is slow, or has no connection left. HAProxy itself goes on
 * all the while, so no request may fail, and no weight may change but those that a reload puts back.
 */

/** Root may open every socket, so where the tests run as root the controller runs as nobody. */
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
const nobodyCan = isRoot && canNobodyRun();
const canForbid = !isRoot || nobodyCan;
if (!canForbid) process.stderr.write('SKIPPED: a socket that may not be opened, because user 65534 cannot run this\n');

function canNobodyRun(): boolean {
  const [setpriv = '', ...args] = asNobody;
  const bin = new URL('../../../cli/bin.ts', import.meta.url).pathname;
  return spawnSync(setpriv, [...args, process.execPath, bin, '--version'], { stdio: 'ignore' }).status === 0;
}

const surroundings = nobodyCan ? { through: asNobody } : {};

interface Fault {
  readonly name: string;
  /** The problem that the controller reports. */
  readonly event: 'waiting for haproxy' | 'backend problem';
  readonly code: string;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
  /** HAProxy is reloaded meanwhile, so that there is something to correct. */
  readonly reloads?: boolean;
}

/** One fault, from its beginning until everything is right again. */
async function through(t: ExecutionContext, run: FaultRun, fault: Fault): Promise<void> {
  const { name, event, code } = fault;
  t.log(name);
  const told = () => run.controller.events(event).map((each) => each.code);
  const over = () => run.controller.events(`${event}: over`).length;
  const [toldBefore, overBefore] = [told().length, over()];
  await fault.begin();
  await until(`${name}: told`, () => told().length > toldBefore);
  if (fault.reloads) await run.stack.haproxy.reload();
  const sinceMs = performance.now();
  const { weightsWritten } = await run.stack.status();
  const status = await run.stack.ticks(2);
  t.regex(status.waitingFor ?? '', /^[^\n]+$/, name);
  t.is(status.weightsWritten, weightsWritten, `${name}: nothing is written`);
  const weights = run.timeline.samples.filter(({ atMs }) => atMs > sinceMs).map(weightsOf);
  t.deepEqual(new Set(weights).size <= 1, true, `${name}: weights stay: ${[...new Set(weights)].join(' then ')}`);
  t.deepEqual(told().slice(toldBefore), [code], `${name}: told once`);
  t.is(over(), overBefore, name);
  await fault.end();
  await run.isRightWithin(t);
  t.is((await run.stack.status()).waitingFor, null, name);
  // the end of the fault may cut an answer, which has another code
  t.true(told().length <= toldBefore + 2, `${name}: and no more: ${told().slice(toldBefore)}`);
  t.is(over(), overBefore + 1, `${name}: its end is told`);
}

function weightsOf({ servers }: FaultRun['timeline']['samples'][number]): string {
  return servers.map(({ server, weight }) => `${server}=${weight}`).join(' ');
}

/** Another program listens where HAProxy's socket was. */
async function impostor(run: FaultRun, server: Server): Promise<AsyncDisposable> {
  await run.faulty.vanish();
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  });
  server.listen(run.faulty.path);
  await once(server, 'listening');
  await chmod(run.faulty.path, 0o666);
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Another HAProxy, with its socket in the first one's place. */
async function otherHaproxy(run: FaultRun, backend: string, names: readonly string[]): Promise<AsyncDisposable> {
  await run.faulty.vanish();
  const servers = names.map((name, index) => ({ name, address: `127.0.0.1:${index + 1}`, weight: 77 }));
  const other = await startHaproxy({
    configuration: renderConfiguration({
      sockets: [{ bind: `${run.faulty.path} mode 666`, level: 'admin' }],
      backends: [{ name: backend, servers }],
    }),
  });
  return {
    [Symbol.asyncDispose]: async () => {
      const left = await other.api.servers(backend);
      await other.stop();
      await rm(run.faulty.path, { force: true });
      if (!left.ok) throw new Error(left.error.what);
      const touched = left.value.filter(({ weight }) => weight !== 77);
      if (touched.length > 0) throw new Error(`the other HAProxy's weights were written: ${JSON.stringify(touched)}`);
    },
  };
}

/** A fault that lasts as long as this does. */
function whileThereIs(start: () => Promise<AsyncDisposable>, then: () => Promise<unknown>) {
  let thing: AsyncDisposable | null = null;
  return {
    begin: async () => {
      thing = await start();
    },
    end: async () => {
      await thing?.[Symbol.asyncDispose]();
      await then();
    },
  };
}

function redisLike(): Server {
  return createServer((socket) => {
    socket.on('data', () => socket.write("-ERR unknown command 'show'\r\n"));
  });
}

test.serial("a socket that is gone, forbidden or another program's is reported once", async (t) => {
  await using run = await FaultRun.start({ faultySocket: true, surroundings });
  const { faulty } = run;
  const replaced = (start: () => Promise<AsyncDisposable>) => whileThereIs(start, () => faulty.listen());
  const waiting = 'waiting for haproxy';

  await through(t, run, {
    name: 'gone',
    event: waiting,
    code: 'socket-missing',
    begin: () => faulty.vanish(),
    end: () => faulty.listen(),
    reloads: true,
  });
  if (canForbid) {
    await through(t, run, {
      name: 'forbidden',
      event: waiting,
      code: 'socket-permission',
      begin: () => chmod(faulty.path, nobodyCan ? 0o600 : 0o000),
      end: () => chmod(faulty.path, 0o666),
      reloads: true,
    });
  }
  await through(t, run, {
    name: 'a web server',
    event: waiting,
    code: 'haproxy-reply',
    ...replaced(() =>
      impostor(
        run,
        createHttpServer((_, response) => response.end('hello')),
      ),
    ),
  });
  await through(t, run, {
    name: 'a server that answers -ERR and waits for more, as Redis does',
    event: waiting,
    code: 'haproxy-timeout',
    ...replaced(() => impostor(run, redisLike())),
  });
  await through(t, run, {
    name: 'another HAProxy, without that backend',
    event: 'backend problem',
    code: 'backend-missing',
    ...replaced(() => otherHaproxy(run, 'mail', ['m1'])),
    reloads: true,
  });
  await through(t, run, {
    name: 'another HAProxy, with other servers in a backend of that name',
    event: 'backend problem',
    code: 'agent-stale',
    ...replaced(() => otherHaproxy(run, 'web', ['x1', 'x2'])),
  });
  t.deepEqual(run.controller.events('tick failed'), []);
  await run.nothingFailed(t);
});

test.serial(
  'a socket that answers late or has no connection left is reported once, one connection at a time',
  async (t) => {
    await using run = await FaultRun.start({ faultySocket: true });
    const { faulty } = run;
    faulty.mostClients = 0;
    await through(t, run, {
      name: 'answers after 3 s',
      event: 'waiting for haproxy',
      code: 'haproxy-timeout',
      begin: () => Promise.resolve(faulty.behave({ kind: 'slow', delayMs: 3_000 })),
      end: () => Promise.resolve(faulty.behave({ kind: 'pass' })),
      reloads: true,
    });
    t.is(faulty.mostClients, 1, 'ticks never overlap');

    const held: Socket[] = [];
    await through(t, run, {
      name: 'stats maxconn is used up',
      event: 'waiting for haproxy',
      code: 'haproxy-timeout',
      begin: async () => {
        while (held.length < 10) {
          const socket = connect(run.stack.haproxy.socket);
          held.push(socket);
          await once(socket, 'connect');
          // asked to keep it open: otherwise HAProxy closes an idle one only after its 10 s
          socket.write('prompt\n');
          await once(socket, 'data');
        }
      },
      end: () => Promise.resolve(held.forEach((socket) => void socket.destroy())),
    });
    t.deepEqual(run.controller.events('tick failed'), []);
    await run.nothingFailed(t);
  },
);
