import { endianness } from 'node:os';
import test from 'ava';
import { findPortOwner } from '../../../agent/scope/port-owner.ts';
import { resolveScope } from '../../../agent/scope/scope.ts';
import { RecordedTree } from '../support.ts';

/** What a process listens on: inode and address; of which user. */
interface Listening {
  readonly inode: number;
  readonly address: string;
  readonly uid?: number;
}

/** Writes /proc/net/tcp and tcp6 with these sockets on port 8080. */
function listen(tree: RecordedTree, sockets: readonly Listening[]): void {
  const line = ({ inode, address, uid = 0 }: Listening) =>
    `0: ${hex(address)}:1F90 0:0 0A 0:0 0:0 0 ${uid} 0 ${inode} 1\n`;
  const [v6, v4] = [true, false].map((is) => sockets.filter(({ address }) => address.includes(':') === is));
  tree.write('/proc/net/tcp', `head\n${v4?.map(line).join('')}`);
  tree.write('/proc/net/tcp6', `head\n${v6?.map(line).join('')}`);
}

/** As the kernel writes it. Of IPv6 only :: and ::1. */
function hex(address: string): string {
  const last = address.includes(':') ? [0, 0, 0, address === '::1' ? 1 : 0] : address.split('.').map(Number);
  const word = Buffer.from(endianness() === 'LE' ? last.toReversed() : last)
    .toString('hex')
    .toUpperCase();
  return address.includes(':') ? '0'.repeat(24) + word : word;
}

function addProcess(
  tree: RecordedTree,
  pid: number,
  inode: number,
  { name = 'app', parent = 1, start = 9_000 } = {},
): void {
  tree.write(`/proc/${pid}/stat`, `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 ${start} 1 1 0\n`);
  tree.link(`/proc/${pid}/fd/3`, `socket:[${inode}]`);
}

const port = 8080;

test('a port stands for the topmost of the processes that share its socket', (t) => {
  using tree = new RecordedTree('host');
  for (const pid of [1, 700, 720]) tree.link(`/proc/${pid}/fd/3`, 'socket:[55001]');
  t.deepEqual(findPortOwner(tree.files, { port }), { pid: 700, others: [] }, '710 between them does not hold it');
  t.like(findPortOwner(tree.files, { port: 8081 }), { reason: 'target-gone' });
});

test('process 1 of a container with workers is the application', (t) => {
  using tree = new RecordedTree('host');
  tree.change('/proc/1/stat', '(systemd)', '(nginx)');
  for (const pid of [1, 700]) tree.link(`/proc/${pid}/fd/3`, 'socket:[55001]');
  t.deepEqual(findPortOwner(tree.files, { port }), { pid: 1, others: [] });
});

test('a port that systemd holds for a service has no process until the service starts', (t) => {
  using tree = new RecordedTree('host');
  tree.link('/proc/1/fd/30', 'socket:[55001]');
  const owner = findPortOwner(tree.files, { port });
  t.true('status' in owner && owner.reason === 'target-gone' && owner.detail.includes('systemd holds port 8080'));
  tree.change('/proc/1/stat', '(systemd)', '(app)');
  t.like(findPortOwner(tree.files, { port }), { pid: 1 });
});

test("a port that a user's systemd opened is its service's, not the whole session's", (t) => {
  using tree = new RecordedTree('host');
  addProcess(tree, 650, 55_001, { name: 'systemd', start: 50 });
  t.like(findPortOwner(tree.files, { port }), { reason: 'target-gone' });
  tree.change('/proc/700/stat', ' S 1 ', ' S 650 ');
  tree.link('/proc/700/fd/3', 'socket:[55001]');
  t.like(findPortOwner(tree.files, { port }), { pid: 700 });
});

test('processes that share an address are one application: the first that was started stands for it', (t) => {
  using tree = new RecordedTree('host');
  listen(
    tree,
    [1, 2, 3].map((inode) => ({ inode, address: '0.0.0.0' })),
  );
  addProcess(tree, 801, 1, { start: 9_002 });
  addProcess(tree, 802, 2, { start: 9_001 });
  addProcess(tree, 803, 3, { start: 9_003 });
  t.deepEqual(findPortOwner(tree.files, { port }), { pid: 802, others: [801, 803] });
  tree.link('/proc/803/fd/4', 'socket:[4]');
  listen(tree, [...[1, 2, 3].map((inode) => ({ inode, address: '0.0.0.0' })), { inode: 4, address: '::' }]);
  t.deepEqual(findPortOwner(tree.files, { port }), { pid: 802, others: [801, 803] }, 'IPv6 beside it');
});

test('of unrelated owners none is taken, and it is said who they are and what to do', (t) => {
  using tree = new RecordedTree('host');
  listen(tree, [
    { inode: 1, address: '127.0.0.66', uid: 65_534 },
    { inode: 2, address: '127.0.0.1', uid: 1_000 },
  ]);
  addProcess(tree, 801, 1, { name: 'other' });
  addProcess(tree, 802, 2);
  for (const agentAddress of ['0.0.0.0', '10.0.0.11', '127.0.0.1', '127.0.0.66', 'localhost', '::1']) {
    const owner = findPortOwner(tree.files, { port, agentAddress });
    t.deepEqual(owner, {
      status: 'unavailable',
      reason: 'failed',
      detail:
        'port 8080 is held by 2 unrelated applications: process 801 of user 65534 at 127.0.0.66, process 802 of user ' +
        "1000 at 127.0.0.1. Name the right one's address: --port ADDRESS:8080",
    });
  }
  t.deepEqual(findPortOwner(tree.files, { port, address: '127.0.0.1' }), { pid: 802, others: [] });
  t.like(findPortOwner(tree.files, { port, address: '10.0.0.11' }), { reason: 'target-gone' });
});

for (const [what, sockets, agentAddress, expected] of [
  ["root's, at the agent's address", ['127.0.0.66:65534', '127.0.0.1:0'], '127.0.0.1', 802],
  ["root's, at any address", ['127.0.0.66:65534', '0.0.0.0:0'], '127.0.0.1', 802],
  ["root's, at any IPv4 address, beside one of IPv6", ['::1:65534', '0.0.0.0:0'], '127.0.0.1', 802],
  ["root's, by IPv6 alone", ['127.0.0.66:65534', ':::0'], '10.0.0.11', 802],
  ["of one user, at the agent's address", ['127.0.0.66:1000', '127.0.0.1:1000'], '127.0.0.1', 802],
  ["another user's, at the agent's address", ['127.0.0.1:65534', '10.0.0.11:0'], '127.0.0.1', null],
  [
    "another user's, at the agent's address, when the application is not root's",
    ['10.0.0.11:65534', '127.0.0.1:1000'],
    '10.0.0.11',
    null,
  ],
  ["root's, elsewhere", ['127.0.0.66:65534', '10.0.0.12:0'], '10.0.0.11', null],
  ['of one user, and the agent listens everywhere', ['127.0.0.66:0', '127.0.0.1:0'], '0.0.0.0', null],
] as const) {
  test(`of two unrelated owners, one ${what}: ${expected === null ? 'none' : 'that one'} is taken`, (t) => {
    using tree = new RecordedTree('host');
    listen(
      tree,
      sockets.map((text, index) => {
        const [, address = '', uid] = /^(.*):(\d+)$/.exec(text) ?? [];
        return { inode: index + 1, address, uid: Number(uid) };
      }),
    );
    addProcess(tree, 801, 1);
    addProcess(tree, 802, 2);
    t.like(
      findPortOwner(tree.files, { port, agentAddress }),
      expected === null ? { reason: 'failed' } : { pid: expected },
    );
  });
}

test('an owner that we may not see is not the one that we see', (t) => {
  using tree = new RecordedTree('host');
  listen(tree, [
    { inode: 1, address: '127.0.0.66', uid: 65_534 },
    { inode: 2, address: '127.0.0.1' },
  ]);
  addProcess(tree, 801, 1);
  t.like(findPortOwner(tree.files, { port }), { reason: 'failed' });
  t.like(findPortOwner(tree.files, { port, agentAddress: '127.0.0.1' }), { reason: 'no-permission' });
});

test('an application that comes to the port later is found, though another process was there first', (t) => {
  using tree = new RecordedTree('host');
  const intruder = { inode: 1, address: '127.0.0.66', uid: 65_534 };
  listen(tree, [intruder]);
  addProcess(tree, 801, 1);
  const target = resolveScope(tree.files, { kind: 'port', port, agentAddress: '127.0.0.1' });
  if (target.kind !== 'process') return t.fail('not a process');
  target.tree.refresh();
  t.is(target.tree.rootPid, 801);
  listen(tree, [intruder, { inode: 2, address: '127.0.0.1' }]);
  addProcess(tree, 802, 2);
  target.tree.reconsider();
  t.is(target.tree.refresh(), null);
  t.is(target.tree.rootPid, 802);
  listen(tree, [intruder, { inode: 2, address: '10.0.0.11', uid: 1_000 }]);
  target.tree.reconsider();
  t.like(target.tree.refresh(), { reason: 'failed' });
  t.is(target.tree.rootPid, null);
});

test('a process that listens no more is followed until it ends', (t) => {
  using tree = new RecordedTree('host');
  listen(tree, [{ inode: 1, address: '127.0.0.1' }]);
  addProcess(tree, 801, 1);
  const target = resolveScope(tree.files, { kind: 'port', port });
  if (target.kind !== 'process') return t.fail('not a process');
  target.tree.refresh();
  listen(tree, []);
  target.tree.reconsider();
  t.is(target.tree.refresh(), null);
  t.is(target.tree.rootPid, 801);
});
