import test from 'ava';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight, haweight } from '../../support/process.ts';

/** `haweight agent -- COMMAND` on a port that the system chooses. */
const agentWith = (command: readonly string[], flags: readonly string[] = []) =>
  ['agent', '--listen', '127.0.0.1:0', '--scope', 'process', ...flags, '--', ...command] as const;

test.serial("the command's exit code is the agent's, and its output comes through", async (t) => {
  const { code, stdout } = await haweight(agentWith(['sh', '-c', 'echo "$0 $1"; exit 7', 'said', '--port']));
  t.is(code, 7);
  t.is(stdout, 'said --port\n');
});

test.serial('a command that a signal ends gives 128 + its number', async (t) => {
  const { code } = await haweight(agentWith(['sh', '-c', 'kill -9 $$']));
  t.is(code, 137);
});

test.serial('a missing command gives 127, and one that may not be executed 126', async (t) => {
  const missing = await haweight(agentWith(['/nonexistent/app'], ['--log-level', 'error']));
  t.is(missing.code, 127);
  t.is(
    missing.stderr,
    'haweight: /nonexistent/app: there is no such command; got ENOENT. Check the command after `--`.\n',
  );
  const folder = await haweight(agentWith(['/etc'], ['--log-level', 'error']));
  t.is(folder.code, 126);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGWINCH', 'SIGCONT'] as const) {
  test.serial(`${signal} is passed on to the command`, async (t) => {
    const name = signal.slice('SIG'.length);
    const script = `trap 'echo got ${name}; exit 5' ${name}; echo ready; for i in $(seq 400); do sleep 0.05; done`;
    await using agent = new Haweight(agentWith(['sh', '-c', script]));
    await until('the command', () => agent.stdout.includes('ready'));
    agent.signal(signal);
    const { code, stdout } = await agent.finished;
    t.is(code, 5);
    t.is(stdout, `ready\ngot ${name}\n`);
  });
}

test.serial('a signal at the moment of the start is passed on too', async (t) => {
  // Sent by the command itself, before the agent can know that it runs.
  const script = `trap 'echo got it; exit 5' USR2; kill -USR2 $PPID; for i in $(seq 400); do sleep 0.05; done`;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { code, stdout } = await haweight(agentWith(['sh', '-c', script]));
    t.deepEqual({ code, stdout }, { code: 5, stdout: 'got it\n' });
  }
});

test.serial('the command and its children are measured', async (t) => {
  const flags = ['--window-ms', '300', '--sample-ms', '100', '--cores', '0.05'];
  const busy = `timeout 30 sh -c 'while :; do :; done' & trap "kill $!; exit 3" TERM; wait`;
  await using agent = new Haweight(agentWith(['sh', '-c', busy], flags));
  const url = await until('the URL', () => /"url":"(http[^"]+)"/.exec(agent.stderr)?.[1] ?? null);
  const snapshot = await until('a busy tree', async () => {
    const response = await fetch(`${url}/v1/snapshot`);
    if (response.status !== 200) return null;
    const parsed = snapshotSchema.parse(await response.json());
    return parsed.metrics.cpu.status === 'ok' && parsed.metrics.cpu.utilisation > 0.8 ? parsed : null;
  });
  t.like(snapshot, { effectiveCores: 0.05, metrics: { threads: { raw: { threads: 3 } } } });
  t.is((await agent.stop()).code, 3);
});
