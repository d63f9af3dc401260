import test from 'ava';
import { formatReport } from '../../../agent/run/report.ts';
import { scopeWarnings } from '../../../agent/scope/warnings.ts';
import { snapshot } from '../../support/snapshot.ts';
import { ownGroup, RecordedTree } from '../support.ts';

const host = { kind: 'host' } as const;

/** The warnings of an agent that has just started, in one text. */
function warningsOf(tree: RecordedTree, scope: Parameters<RecordedTree['surroundings']>[0], environment = {}): string {
  const surroundings = tree.surroundings(scope);
  if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
  return scopeWarnings(surroundings, environment).join('\n');
}

/** A process as /proc shows it. */
function addProcess(tree: RecordedTree, pid: number, name: string, args = name): void {
  tree.write(`/proc/${pid}/stat`, `${pid} (${name}) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 9000 1 1 0\n`);
  tree.write(`/proc/${pid}/cmdline`, `${args.replaceAll(' ', '\0')}\0`);
}

test('a host without quotas gives no warning', (t) => {
  using tree = new RecordedTree('host');
  t.is(warningsOf(tree, host), '');
});

test('scope host in a container is warned of, but not in a guest of lxcfs', (t) => {
  using tree = new RecordedTree('host');
  t.regex(warningsOf(tree, host, { container: 'podman' }), /this is a container, .*--scope cgroup/);
  const mounts = tree.files.textOrNull('/proc/self/mountinfo') ?? '';
  tree.write('/proc/self/mountinfo', `${mounts}70 22 0:50 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n`);
  t.is(warningsOf(tree, host, { container: 'lxc' }), '');
});

test('a quota on our own group that scope host does not see is warned of', (t) => {
  using tree = new RecordedTree('unit-v2');
  t.regex(warningsOf(tree, host), /control group \/web.slice\/app.service may use 1.50 cores only.*--scope cgroup/);
  t.is(warningsOf(tree, ownGroup), '');
});

test('a side-car that measures only itself is warned of', (t) => {
  using tree = new RecordedTree('container-v2');
  tree.write('/proc/self/stat', '20 (haweight) R 1\n');
  addProcess(tree, 1, 'node', 'node /usr/local/bin/haweight agent --listen 0.0.0.0:9477');
  addProcess(tree, 15, 'sh');
  addProcess(tree, 20, 'node', 'node /usr/local/bin/haweight agent --once');
  tree.write('/sys/fs/cgroup/cgroup.procs', '1\n15\n20\n');
  const warning = warningsOf(tree, ownGroup);
  t.regex(
    warning,
    /this group has no process but the agent.*side-car.*haweight agent -- COMMAND.*--scope process --port/,
  );
  t.true(formatReport({ ...snapshot(), warnings: [warning] }, []).includes('\nWARNING: this group has no process but'));
});

test('an application beside the agent, in the group or below it, is enough', (t) => {
  for (const folder of ['/sys/fs/cgroup', '/sys/fs/cgroup/app.service']) {
    using tree = new RecordedTree('container-v2');
    tree.write('/proc/self/stat', '20 (haweight) R 1\n');
    addProcess(tree, 20, 'node', 'node /usr/local/bin/haweight agent');
    addProcess(tree, 30, 'java', 'java -jar /opt/haweight-demo/agent.jar');
    tree.write('/sys/fs/cgroup/cgroup.procs', '20\n');
    tree.write(`${folder}/cgroup.procs`, `${folder.endsWith('group') ? '20\n' : ''}30\n`);
    t.is(warningsOf(tree, ownGroup), '');
  }
});

test('a group that was named and has no process is warned of: it would look idle', (t) => {
  using tree = new RecordedTree('host');
  const folder = '/sys/fs/cgroup/system.slice/app.service';
  const warning = () => warningsOf(tree, { kind: 'cgroup', path: '/system.slice/app.service' });
  t.is(warning(), '', 'nothing can be read: nothing is said');
  tree.write(`${folder}/cgroup.procs`, '');
  t.regex(warning(), /^the group \/system\.slice\/app\.service has no process: .* idle/);
  for (const [file, text] of [
    ['cgroup.procs', '0\n'],
    ['worker/cgroup.procs', '31\n'],
  ] as const) {
    tree.write(`${folder}/cgroup.procs`, '');
    tree.write(`${folder}/${file}`, text);
    t.is(warning(), '', file);
  }
});

test('a program on the port that only forwards is named', (t) => {
  for (const [name, expected] of [
    ['docker-proxy', /port 8080 is held by docker-proxy, which only forwards: measure what is behind it/],
    ['rootlessport', /held by rootlessport, which only forwards/],
    ['systemd-socket-', /only forwards/],
    ['conmon', /held by conmon, which only forwards/],
    ['nginx', /port 8080 is held by nginx: if it forwards to the application, name the application's own port/],
    ['haproxy', /held by haproxy: if it forwards/],
    ['node', /^$/],
  ] as const) {
    using tree = new RecordedTree('host');
    tree.change('/proc/700/stat', '(app (web) 1)', `(${name})`);
    tree.link('/proc/700/fd/3', 'socket:[55001]');
    t.regex(warningsOf(tree, { kind: 'port', port: 8080 }), expected, name);
  }
});

test('a port that several programs share is warned of, workers of one parent are not', (t) => {
  using tree = new RecordedTree('host');
  tree.link('/proc/700/fd/3', 'socket:[55001]');
  tree.link('/proc/710/fd/3', 'socket:[55001]');
  t.is(warningsOf(tree, { kind: 'port', port: 8080 }), '');
  addProcess(tree, 701, 'app');
  tree.link('/proc/701/fd/3', 'socket:[55001]');
  const warning = warningsOf(tree, { kind: 'port', port: 8080 });
  t.regex(
    warning,
    /port 8080 is held by 2 processes that are not of one tree: only 700 is measured, not 701\..*--cgroup/,
  );
});

test('limits of a process that cannot be seen are warned of', (t) => {
  using tree = new RecordedTree('host');
  tree.write('/proc/700/cgroup', '0::/../cri-containerd-abc.scope\n');
  t.regex(
    warningsOf(tree, { kind: 'pid', pid: 700 }),
    /limits of process 700 cannot be seen.*--cores and --memory-limit/,
  );
});

test('a warning fits the snapshot, however long a name in it is', (t) => {
  using tree = new RecordedTree('unit-v2');
  const path = `/${'x'.repeat(2_000)}`;
  tree.write('/proc/self/cgroup', `0::/web.slice${path.slice(0, 200)}\n`);
  tree.write('/proc/self/mountinfo', '29 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n');
  for (const warning of scopeWarnings(tree.surroundings(host), {})) t.true(warning.length <= 300);
});
