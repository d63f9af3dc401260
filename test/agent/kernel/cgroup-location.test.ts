import test from 'ava';
import { locateCgroup } from '../../../agent/kernel/cgroup-location.ts';

const v2 = '29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const memoryV1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n';
const unifiedV1 = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n';

test('in version 2 the group and its ancestors up to the mount are found', (t) => {
  const location = locateCgroup('0::/a.slice/b.service\n', v2, null);
  t.is(location?.version, 2);
  t.is(location?.path, '/a.slice/b.service');
  t.deepEqual(location?.folders.memory, [
    '/sys/fs/cgroup/a.slice/b.service',
    '/sys/fs/cgroup/a.slice',
    '/sys/fs/cgroup',
  ]);
});

test('version 1 beside an empty version 2 (hybrid) is version 1', (t) => {
  const location = locateCgroup('4:memory:/app\n0::/other\n', memoryV1 + unifiedV1, null);
  t.is(location?.version, 1);
  t.is(location?.path, '/app');
  t.deepEqual(location?.folders.memory, ['/sys/fs/cgroup/memory/app', '/sys/fs/cgroup/memory']);
  t.is(location?.folders.pids, undefined);
});

test('a container finds its group where it is bind-mounted as the top', (t) => {
  const mount = '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory\n';
  t.deepEqual(locateCgroup('4:memory:/docker/abc\n', mount, null)?.folders.memory, ['/sys/fs/cgroup/memory']);
  t.deepEqual(locateCgroup('4:memory:/docker/abc/in\n', mount, null)?.folders.memory, [
    '/sys/fs/cgroup/memory/in',
    '/sys/fs/cgroup/memory',
  ]);
});

test('a group may be named as in /proc/PID/cgroup, or by its folder', (t) => {
  for (const wanted of ['/a.slice/b.service', '/sys/fs/cgroup/a.slice/b.service', '/a.slice/b.service/']) {
    const location = locateCgroup('0::/x\n', v2, wanted);
    t.is(location?.folders.cpu?.[0]?.replace(/\/$/, ''), '/sys/fs/cgroup/a.slice/b.service', wanted);
  }
});

test('a group outside the namespace is not searched for inside it', (t) => {
  t.is(locateCgroup('0::/../other\n', v2, null), null);
});

test('without control groups there is no group', (t) => {
  t.is(locateCgroup('', '', null), null);
  t.is(locateCgroup('0::/\n', 'garbage', null), null);
});
