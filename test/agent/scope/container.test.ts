import test from 'ava';
import { inContainer, namesContainer } from '../../../agent/scope/container.ts';
import { RecordedTree } from '../support.ts';

test('a host, and a unit on a host, are not containers', (t) => {
  for (const name of ['host', 'unit-v2'] as const) {
    using tree = new RecordedTree(name);
    t.false(inContainer(tree.files, {}), name);
    tree.write('/proc/1/cgroup', '0::/init.scope\n');
    t.false(inContainer(tree.files, {}), name);
  }
});

for (const name of [
  'containerd-no-marks',
  'nomad-exec',
  'cgroup-mount-root-above',
  'container-v1',
  'container-v2',
] as const) {
  test(`a container is recognised: ${name}`, (t) => {
    using tree = new RecordedTree(name);
    t.true(inContainer(tree.files, {}));
  });
}

test('Podman is recognised by the mount alone', (t) => {
  using tree = new RecordedTree('cgroup-mount-root-above');
  tree.remove('/run/.containerenv');
  t.true(inContainer(tree.files, {}));
});

for (const path of [
  '/.dockerenv',
  '/run/.containerenv',
  '/run/systemd/container',
  '/run/host/container-manager',
  '/dev/.lxc-boot-id',
]) {
  test(`a container is recognised by ${path}`, (t) => {
    using tree = new RecordedTree('host');
    tree.write(path, '');
    t.true(inContainer(tree.files, {}));
  });
}

test('a container is recognised by its environment', (t) => {
  using tree = new RecordedTree('host');
  t.true(inContainer(tree.files, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }));
  t.true(inContainer(tree.files, { container: 'lxc' }));
});

test('WSL is a machine', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/run/systemd/container', 'wsl\n');
  t.false(inContainer(tree.files, {}));
});

test('a guest is recognised by the files that lxcfs lays over /proc', (t) => {
  using tree = new RecordedTree('host');
  const mounts = tree.files.textOrNull('/proc/self/mountinfo') ?? '';
  // a host that runs guests has this one
  tree.write('/proc/self/mountinfo', `${mounts}70 22 0:50 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n`);
  t.false(inContainer(tree.files, {}));
  tree.write('/proc/self/mountinfo', `${mounts}70 22 0:50 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n`);
  t.true(inContainer(tree.files, {}));
});

for (const path of [
  '/docker/0123abc',
  '/kubepods.slice/kubepods-burstable.slice',
  '/machine.slice/libpod-77.scope',
  '/machine.slice/machine-web.scope/payload',
  '/lxc.payload.web/init.scope',
  '/lxc/101/ns',
  '/nomad.slice/share.slice/0f9a.web.scope',
  '/actions_job/0123abc',
  '/system.slice/containerd.service/kubepods-besteffort.slice:cri-containerd:0123',
  '/system.slice/crio-0123.scope',
  '/ecs/0123/4567',
]) {
  test(`an engine's group is recognised: ${path}`, (t) => {
    t.true(namesContainer(`0::${path}\n`));
    t.true(namesContainer(`12:pids:${path}\n11:cpu:/\n`));
  });
}

test('a group of our own making around the first process is recognised', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/proc/1/cgroup', '0::/batch/web-1\n');
  // the agent shares only the first process's namespace with it
  t.false(inContainer(tree.files, {}));
  tree.write('/proc/self/cgroup', '0::/batch/web-1/agent\n');
  t.true(inContainer(tree.files, {}));
});

test("groups of a machine's own first process are no container's", (t) => {
  t.false(namesContainer('0::/init.scope\n1:cpu:/system.slice\n'));
  t.false(namesContainer('0::/\n'));
  t.false(namesContainer('0::/system.slice/docker.service\n'));
});

test('a version 1 group is a container where the top of its mount is not that of the machine', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/proc/self/cgroup', '4:memory:/\n');
  tree.write('/proc/self/mountinfo', '35 31 0:32 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n');
  tree.write('/sys/fs/cgroup/memory/tasks', '1\n');
  t.true(inContainer(tree.files, {}));
  tree.write('/sys/fs/cgroup/memory/release_agent', '');
  t.false(inContainer(tree.files, {}));
});

test('files that cannot be read as text decide nothing', (t) => {
  using tree = new RecordedTree('host');
  for (const text of ['', '\0\0\0', '0::', '::::\n', 'x'.repeat(100_000)]) {
    tree.write('/proc/1/cgroup', text);
    tree.write('/proc/self/cgroup', text);
    tree.write('/proc/self/mountinfo', text);
    t.false(inContainer(tree.files, {}));
  }
});
