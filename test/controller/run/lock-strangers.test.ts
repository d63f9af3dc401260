import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { type Claim, claim, holdersOf } from '../../../controller/run/lock.ts';
import { identityOf } from '../../../controller/run/same-haproxy.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { codeOf, expectOk } from '../../haproxy/setup.ts';
import { rootTest } from '../../support/root.ts';
import { type Folder, temporaryFolder } from '../../support/temporary-folder.ts';

const nobody = 65_534;
const self = { pid: process.pid, listen: '127.0.0.1:9478' };
const haproxy = { version: '2.6.12', pid: 8, uptimeSeconds: 5, startedAtSeconds: 1_000, node: 'one' };

/** A socket that only its owner and group may write, in a folder that all may enter. */
async function socketIn(folder: Folder, mode = 0o660): Promise<string> {
  const path = join(folder.path, 'admin.sock');
  await chmod(folder.path, 0o755);
  await writeFile(path, '');
  await chmod(path, mode);
  return path;
}

/** A program that does this as another user. */
async function asUser(code: string, ids = { uid: nobody, gid: nobody, groups: [nobody] }): Promise<Child> {
  const module = new URL('../../../controller/run/lock.ts', import.meta.url).href;
  const program = `const { claim } = await import(${JSON.stringify(module)});
    const net = await import('node:net');
    process.setgroups(${JSON.stringify(ids.groups)}); process.setgid(${ids.gid}); process.setuid(${ids.uid});
    ${code}
    console.log('ready');
    setInterval(() => {}, 1_000);`;
  const child = new Child('other user', [process.execPath, '--input-type=module', '-e', program], { stdout: true });
  await until('it is ready', () => child.stdout.includes('ready'));
  return child;
}

function nameOf(parts: readonly string[]): string {
  return `haweight-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}

/** Listens on the name itself and on a hundred with an ending, and says that it is the controller. */
function squat(parts: readonly string[]): string {
  const name = nameOf(parts);
  return `const answer = JSON.stringify({ pid: 1, listen: 'x', startedAtSeconds: 1_000, listener: null });
    for (let i = 0; i <= 100; i += 1) {
      const name = '\\0${name}' + (i === 0 ? '' : '-' + i.toString(16).padStart(32, '0'));
      await new Promise((done) => net.createServer((each) => each.end(answer)).listen({ path: name }, done));
    }`;
}

rootTest('a user who may not write the socket cannot take its claims', async (t) => {
  await using folder = await temporaryFolder();
  const socket = await socketIn(folder);
  const backend: Claim = { kind: 'backend', socket, backend: 'web' };
  const process: Claim = { kind: 'process', socket, backend: 'web', haproxy, identity: identityOf(socket, haproxy) };
  const recording: Claim = { kind: 'recording', file: socket };
  const names = [
    ['backend', socket, 'web'],
    ['process', '8', 'one', 'web'],
    ['recording', socket],
  ];
  await using _squatter = await asUser(
    names
      .map(squat)
      .map((code) => `{ ${code} }`)
      .join('\n'),
  );
  for (const what of [backend, process, recording]) {
    t.deepEqual(await holdersOf([what]), [null], what.kind);
    await using _held = expectOk(await claim([what], self));
    t.deepEqual(await holdersOf([what]), [self], what.kind);
    const second = await claim([what], { pid: 4_000_000, listen: 'elsewhere' });
    t.is(codeOf(second), 'controller-running', 'the second controller is still refused');
    if (!second.ok) t.is(second.error.got, `pid ${self.pid}, listening on ${self.listen}`);
  }
});

/** Names whose queue of connections is full. */
function full(names: readonly string[]): string {
  return `for (const name of ${JSON.stringify(names)}) {
      const path = '\\0' + name;
      const full = net.createServer().listen({ path, backlog: 1 });
      await new Promise((done) => full.on('listening', done));
      for (let i = 0; i < 8; i += 1) net.connect({ path }).on('error', () => {});
    }
    process.stdout.write('ready');
    while (true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);`;
}

rootTest("another user's names that accept no connection keep no controller from starting", async (t) => {
  await using folder = await temporaryFolder();
  const socket = await socketIn(folder);
  const name = nameOf(['backend', socket, 'web']);
  const decoys = Array.from({ length: 100 }, (_, i) => `${name}-${i.toString(16).padStart(32, '0')}`);
  await using _squatter = await asUser(full([name, ...decoys]));
  const startedMs = performance.now();
  await using _held = expectOk(await claim([{ kind: 'backend', socket, backend: 'web' }], self));
  const tookMs = performance.now() - startedMs;
  // one after the other: 250 ms each, and all of them twice
  t.true(tookMs < 10_000, `${tookMs} ms`);
});

rootTest('of those that come at once, one has the claim, whether another user has its name or not', async (t) => {
  await using folder = await temporaryFolder();
  const socket = await socketIn(folder);
  const backend: Claim = { kind: 'backend', socket, backend: 'web' };
  const winners = async (count: number) => {
    const all = await Promise.all(Array.from({ length: count }, () => claim([backend], self)));
    await using held = new AsyncDisposableStack();
    return all.filter((each) => each.ok && held.use(each.value)).length;
  };
  t.is(await winners(20), 1);
  await using _squatter = await asUser(squat(['backend', socket, 'web']));
  for (const count of [20, ...Array.from({ length: 10 }, () => 2)]) t.is(await winners(count), 1, `${count}`);
});

test('one that gives up while it is asked keeps nobody from starting; one that stays without an answer does', async (t) => {
  await using folder = await temporaryFolder();
  const socket = await socketIn(folder);
  const backend: Claim = { kind: 'backend', socket, backend: 'web' };
  for (const givesUp of [true, false]) {
    const holder = createServer((client) => {
      if (givesUp) holder.close();
      client.destroy();
    }).listen({ path: `\0${nameOf(['backend', socket, 'web'])}` });
    await once(holder, 'listening');
    const claimed = await claim([backend], self);
    t.is(codeOf(claimed), givesUp ? 'no problem' : 'controller-running');
    if (claimed.ok) await claimed.value[Symbol.asyncDispose]();
    else holder.close();
  }
});

for (const [who, ids] of [
  ["the unit's user, in the group of the socket", { uid: 54_321, gid: 54_321, groups: [54_321, 54_322] }],
  ['another user whose first group it is', { uid: 54_323, gid: 54_322, groups: [] }],
] as const) {
  rootTest(`root is refused where a controller of ${who} runs, and the other way round`, async (t) => {
    await using folder = await temporaryFolder();
    const socket = await socketIn(folder);
    chownSync(socket, 0, 54_322);
    const what: Claim = { kind: 'backend', socket, backend: 'web' };
    const take = `const taken = await claim([${JSON.stringify(what)}], { pid: process.pid, listen: 'theirs' });
      console.log(taken.ok ? 'held' : taken.error.got);`;
    {
      await using other = await asUser(take, { ...ids, groups: [...ids.groups] });
      t.true(other.stdout.startsWith('held\n'), other.stdout);
      t.is(codeOf(await claim([what], self)), 'controller-running');
    }
    await using _held = expectOk(await claim([what], self));
    await using late = await asUser(take, { ...ids, groups: [...ids.groups] });
    t.true(late.stdout.startsWith(`pid ${process.pid}, listening on 127.0.0.1:9478\n`), late.stdout);
  });
}

test('connections to a claim that are not read or ended are not kept', async (t) => {
  await using folder = await temporaryFolder();
  const socket = await socketIn(folder);
  await using _held = expectOk(await claim([{ kind: 'backend', socket, backend: 'web' }], self));
  const path = `\0${nameOf(['backend', socket, 'web'])}`;
  const clients = Array.from({ length: 300 }, () => connect({ path }).on('error', () => undefined));
  await until('all were answered', () => clients.every((each) => each.readyState !== 'opening'));
  const server = process.getActiveResourcesInfo().filter((each) => each === 'PipeWrap').length;
  t.true(server < 300 + 70, `${server} sockets, 300 of them ours`);
  for (const each of clients) each.destroy();
});
