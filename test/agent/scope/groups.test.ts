import test from 'ava';
import { cpuCollector } from '../../../agent/collectors/cpu.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { containerGroup, groupOf } from '../../../agent/scope/groups.ts';
import { ownGroup, RecordedTree } from '../support.ts';

const top = '/sys/fs/cgroup';
const slice = `${top}/user.slice/user-1000.slice/user@1000.service/user.slice`;

/** What the agent would say of its own group's CPU: quota and core-seconds, or the reason for none. */
function ownCpu(tree: RecordedTree) {
  const surroundings = tree.surroundings(ownGroup);
  const read = cpuCollector(surroundings, effectiveCores(surroundings)).read(0);
  return read.ok ? { cores: read.value.cores, used: read.value.usedCoreSeconds } : read.error.reason;
}

/** A second container beside ours in the tree of Podman. */
function addNeighbour(tree: RecordedTree): void {
  tree.write(`${slice}/libpod-def.scope/container/cgroup.procs`, '5151\n');
  tree.write(`${slice}/libpod-def.scope/container/cpu.max`, '70000 100000\n');
}

test('where the mount begins above our group, our folder is the only one at its depth', (t) => {
  using tree = new RecordedTree('cgroup-mount-root-above');
  t.deepEqual(ownCpu(tree), { cores: 0.5, used: 1.234 });
});

test('where the mount begins above our group, our folder is the one with our process in it', (t) => {
  using tree = new RecordedTree('cgroup-mount-root-above');
  addNeighbour(tree);
  tree.write('/proc/self/stat', '4242 (node) R 1 4242\n');
  t.deepEqual(ownCpu(tree), { cores: 0.5, used: 1.234 });
});

test('where our folder cannot be told from others, the group is unknown, and never the one at the top', (t) => {
  using tree = new RecordedTree('cgroup-mount-root-above');
  addNeighbour(tree);
  t.is(ownCpu(tree), 'not-supported');
  tree.write('/proc/self/stat', '99 (node) R 1 99\n');
  t.is(ownCpu(tree), 'not-supported');
});

test('where the mount begins above our group, a group below ours and one beside it are found from there', (t) => {
  using tree = new RecordedTree('cgroup-mount-root-above');
  addNeighbour(tree);
  tree.write('/proc/self/stat', '4242 (node) R 1 4242\n');
  tree.write('/proc/77/cgroup', '0::/../../libpod-def.scope/container\n');
  t.like(groupOf(tree.files, 77)?.quotaCores(), { value: 0.7 });
  tree.write('/proc/78/cgroup', '0::/app\n');
  t.is(groupOf(tree.files, 78)?.location.folders.cpu?.[0], `${slice}/libpod-abc.scope/container/app`);
  tree.write('/proc/79/cgroup', '0::/../../../../../../../x\n');
  t.is(groupOf(tree.files, 79), null);
});

test('a mount that shows only another group, or a part of our own, tells nothing of it', (t) => {
  for (const root of ['/docker/abc', '/system.slice/app.service/child', '/../other']) {
    using tree = new RecordedTree('cgroup-mount-root-above');
    tree.write('/proc/self/cgroup', '0::/system.slice/app.service\n');
    tree.write('/proc/self/mountinfo', `31 24 0:27 ${root} ${top} ro - cgroup2 cgroup rw\n`);
    t.is(ownCpu(tree), 'not-supported', root);
  }
});

test('of several mounts the one that shows our group counts', (t) => {
  using tree = new RecordedTree('container-v2');
  const other = (root: string) => `90 24 0:27 ${root} /host/cgroup ro - cgroup2 cgroup rw\n`;
  const own = tree.files.textOrNull('/proc/self/mountinfo') ?? '';
  for (const root of ['/../..', '/docker/def']) {
    tree.write('/proc/self/mountinfo', other(root) + own);
    t.deepEqual(ownCpu(tree), { cores: 0.5, used: 2 }, root);
  }
});

test("in a container that runs systemd, the container's group is measured, not the agent's unit", (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/proc/self/cgroup', '0::/system.slice/haweight-agent.service\n');
  tree.write(`${top}/system.slice/haweight-agent.service/cpu.stat`, 'usage_usec 77\n');
  tree.write(`${top}/cgroup.type`, 'domain\n');
  t.deepEqual(ownCpu(tree), { cores: 0.5, used: 2 });
  t.is(containerGroup(tree.files)?.location.path, '/');
  const { target } = tree.surroundings({ kind: 'cgroup', path: null, own: true });
  t.true(target.kind === 'cgroup' && target.cgroup.location.path.endsWith('haweight-agent.service'));
});

test('outside of containers --scope cgroup is the group that the agent is in', (t) => {
  using tree = new RecordedTree('unit-v2');
  t.is(containerGroup(tree.files)?.location.path, '/web.slice/app.service');
});

test("a process of another container of the pod has that container's limits, seen through its own mounts", (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/proc/77/cgroup', '0::/../cri-containerd-abc.scope\n');
  t.is(groupOf(tree.files, 77), null);
  tree.write('/proc/77/mountinfo', `31 24 0:27 /../cri-containerd-abc.scope ${top} ro - cgroup2 cgroup rw\n`);
  t.is(groupOf(tree.files, 77), null);
  tree.write(`/proc/77/root${top}/cpu.max`, '150000 100000\n');
  tree.write(`/proc/77/root${top}/memory.max`, '536870912\n');
  t.like(groupOf(tree.files, 77)?.quotaCores(), { value: 1.5 });
  t.like(groupOf(tree.files, 77)?.memoryLimitBytes(), { value: 512 * 2 ** 20 });
});
