import test from 'ava';
import { resolveScope } from '../../../agent/scope/scope.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { RecordedTree } from '../support.ts';

function treeOf(recorded: RecordedTree, pid: number) {
  const target = resolveScope(recorded.files, { kind: 'pid', pid });
  if (target.kind !== 'process') throw new Error('not a process');
  return target.tree;
}

test('children of every thread, and theirs, are part of the tree', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  t.is(tree.refresh(), null);
  t.deepEqual([...tree.pids], [700, 710, 720]);
  t.is(tree.threads, 9);
  t.is(tree.residentPages, 14_500);
});

test('CPU time counts from the first look on', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  tree.refresh();
  t.is(tree.usedTicks, 0);
  recorded.change('/proc/710/stat', ' 40 10 0 0 ', ' 45 12 0 0 ');
  tree.refresh();
  t.is(tree.usedTicks, 7);
});

test('a new child is found after a fork', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  tree.refresh();
  recorded.write('/proc/730/stat', '730 (new) R 710 1 1 0 -1 0 0 0 0 0 3 1 0 0 20 0 2 0 9000 1 7 0\n');
  recorded.write('/proc/710/task/710/children', '720 730 ');
  recorded.change('/proc/loadavg', ' 9001', ' 9002');
  tree.refresh();
  t.true([...tree.pids].includes(730));
  t.is(tree.usedTicks, 4);
});

test('a child is found though /proc/loadavg does not tell of the fork', (t) => {
  using recorded = new RecordedTree('host');
  for (const line of ['0.00 0.00 0.00 0/0 0\n', '0.50 0.40 0.30 2/400 9001\n']) {
    recorded.write('/proc/loadavg', line);
    recorded.write('/proc/710/task/710/children', '720 ');
    const tree = treeOf(recorded, 700);
    tree.refresh();
    recorded.write('/proc/730/stat', '730 (new) R 710 1 1 0 -1 0 0 0 0 0 3 1 0 0 20 0 2 0 9000 1 7 0\n');
    recorded.write('/proc/710/task/710/children', '720 730 ');
    for (let look = 0; look < 10; look += 1) tree.refresh();
    t.true([...tree.pids].includes(730), line);
  }
});

test('an orphan stays, an ended member goes, and CPU time does not turn negative', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  tree.refresh();
  recorded.remove('/proc/710');
  recorded.write('/proc/700/task/701/children', '');
  recorded.change('/proc/loadavg', ' 9001', ' 9002');
  t.is(tree.refresh(), null);
  t.deepEqual([...tree.pids], [700, 720]);
  t.is(tree.usedTicks, 0);
});

test('another process with the same pid is not taken for the first one', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  tree.refresh();
  recorded.change('/proc/700/stat', ' 5 0 5000 ', ' 5 0 7777 ');
  t.like(tree.refresh(), { status: 'unavailable', reason: 'target-gone' });
  t.like(tree.refresh(), { status: 'unavailable', reason: 'target-gone' });
});

test('a zombie is gone', (t) => {
  using recorded = new RecordedTree('host');
  const tree = treeOf(recorded, 700);
  tree.refresh();
  recorded.change('/proc/700/stat', ') S 1', ') Z 1');
  t.like(tree.refresh(), { reason: 'target-gone' });
});

test('a missing pid is reported in one line at the start', (t) => {
  using recorded = new RecordedTree('host');
  const error = t.throws(() => treeOf(recorded, 4242), { instanceOf: ProblemError });
  t.is(error.problem.code, 'scope-unavailable');
});

test('the process of a port is found again after a restart', (t) => {
  using recorded = new RecordedTree('host');
  recorded.link('/proc/700/fd/3', 'socket:[55001]');
  const target = resolveScope(recorded.files, { kind: 'port', port: 8080 });
  if (target.kind !== 'process') return t.fail('not a process');
  const { tree } = target;
  t.is(tree.refresh(), null);
  t.is(tree.rootPid, 700);
  recorded.remove('/proc/700');
  t.like(tree.refresh(), { reason: 'target-gone' });
  recorded.link('/proc/710/fd/3', 'socket:[55001]');
  t.is(tree.refresh(), null);
  t.is(tree.rootPid, 710);
});
