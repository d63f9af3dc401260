import test from 'ava';
import { type AgentFlags, parseAgentFlags } from '../../../agent/config/options.ts';
import { parseBitRate, parseBytes } from '../../../agent/config/quantity.ts';
import { inContainer, namesContainer } from '../../../agent/scope/container.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { RecordedTree } from '../support.ts';

const defaults: AgentFlags = {
  listen: '127.0.0.1:9477',
  sampleMs: '1000',
  windowMs: '2000',
  logLevel: 'info',
};

function parse(flags: Partial<AgentFlags>, command: readonly string[] = [], containerised = false) {
  return parseAgentFlags({ ...defaults, ...flags }, command, containerised);
}

test('the default scope follows from the other flags and the machine', (t) => {
  t.deepEqual(parse({}).scope, { kind: 'host' });
  t.deepEqual(parse({}, [], true).scope, { kind: 'cgroup', path: null });
  t.deepEqual(parse({ scope: 'cgroup' }).scope, { kind: 'cgroup', path: null, own: true });
  t.deepEqual(parse({ pid: '7' }, [], true).scope, { kind: 'pid', pid: 7 });
  t.deepEqual(parse({ port: '80' }).scope, { kind: 'port', port: 80, agentAddress: '127.0.0.1' });
  for (const [port, address] of [
    ['10.0.0.11:80', '10.0.0.11'],
    ['[::1]:80', '::1'],
  ] as const)
    t.like(parse({ port }).scope, { kind: 'port', port: 80, address });
  t.deepEqual(parse({ cgroup: '/a' }).scope, { kind: 'cgroup', path: '/a' });
  t.is(parse({}, ['app']).scope, null);
  t.deepEqual(parse({}, ['app'], true).scope, { kind: 'cgroup', path: null });
  t.is(parse({ scope: 'process' }, ['app'], true).scope, null);
});

test('quantities are read with their units', (t) => {
  t.is(parseBytes('512M', '--x'), 512 * 2 ** 20);
  t.is(parseBytes('1.5GiB', '--x'), 1.5 * 2 ** 30);
  t.is(parseBytes('1000', '--x'), 1000);
  t.is(parseBitRate('1G', '--x'), 1e9);
  t.is(parseBitRate('2.5Gbit/s', '--x'), 2.5e9);
});

for (const [flag, flags, command = []] of [
  ['--listen', { listen: 'nowhere' }],
  ['--listen', { listen: '127.0.0.1:99999' }],
  ['--scope', { scope: 'galaxy' }],
  ['--scope', { scope: 'process' }],
  ['--scope', { scope: 'host', port: '80' }],
  ['--scope', { scope: 'host', cgroup: '/a' }],
  ['--pid', { pid: '0' }],
  ['--pid', { pid: '7', port: '80' }],
  ['--port', { port: '65536' }],
  ['--port', { port: '127.0.0.1:65536' }],
  ['--port', { port: 'localhost:80' }],
  ['--port', { port: ':80' }],
  ['--port', { port: '::1:80' }],
  ['--port', { port: '[127.0.0.1]:80' }],
  ['--port', { port: '8080x' }],
  ['--cgroup', { cgroup: 'a/b' }],
  ['--cgroup', { cgroup: '/../../etc' }],
  ['--cores', { cores: '-1', pid: '7' }],
  ['--cores', { cores: '2' }],
  ['--memory-limit', { memoryLimit: '512X', pid: '7' }],
  ['--memory-limit', { memoryLimit: '1G' }],
  ['--link-speed', { linkSpeed: 'fast' }],
  ['--link-speed', { linkSpeed: '0' }],
  ['--interface', { interface: '../etc' }],
  ['--max-threads', { maxThreads: '0' }],
  ['--max-threads', { maxThreads: '1.5' }],
  ['--name', { name: 'web 1' }],
  ['--sample-ms', { sampleMs: '1' }],
  ['--window-ms', { windowMs: 'NaN' }],
  ['--log-level', { logLevel: 'loud' }],
  ['--json', { json: true }],
  ['--once', { once: true }, ['app']],
] as const satisfies readonly (readonly [string, Partial<AgentFlags>, (readonly string[])?])[]) {
  test(`${flag} refuses ${JSON.stringify(flags)} in one line`, (t) => {
    const error = t.throws(() => parse(flags, command), { instanceOf: ProblemError });
    t.is(error.problem.code, 'usage');
    t.is(error.problem.where, flag);
    t.false(error.message.includes('\n'));
  });
}

test('a container is recognised by what its engine leaves in it', (t) => {
  using tree = new RecordedTree('host');
  t.false(inContainer(tree.files, {}));
  t.true(inContainer(tree.files, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }));
  tree.write('/.dockerenv', '');
  t.true(inContainer(tree.files, {}));
  t.true(namesContainer('12:pids:/docker/0123abc\n'));
  t.true(namesContainer('0::/kubepods.slice/kubepods-burstable.slice\n'));
  t.true(namesContainer('0::/machine.slice/libpod-77.scope\n'));
  t.false(namesContainer('0::/init.scope\n1:cpu:/system.slice\n'));
});
