import test from 'ava';
import { childEnvironment } from '../../../agent/run/child-environment.ts';
import { Haweight } from '../../support/process.ts';

const secret = 'a-token-of-the-whole-fleet';

test('an application does not get our tokens, nor what is about our process', (t) => {
  const kept = { PATH: '/bin', NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '5', CREDENTIALS_DIRECTORY: '/run/c', LISTEN: '1' };
  const left = { HAWEIGHT_AGENT_TOKEN: secret, HAWEIGHT_CONTROLLER_TOKEN: secret, LISTEN_FDS: '1', LISTEN_PID: '7' };
  t.deepEqual(childEnvironment({ ...kept, ...left, LISTEN_FDNAMES: 'a', WATCHDOG_PID: '7' }), kept);
});

test('an application gets no token, no socket and no other descriptor of the agent', async (t) => {
  const flags = ['--listen', '127.0.0.1:0', '--scope', 'process', '--log-level', 'error'];
  const command = ['sh', '-c', 'env; ls -l /proc/self/fd'];
  await using agent = new Haweight(['agent', ...flags, '--', ...command], { HAWEIGHT_AGENT_TOKEN: secret });
  const { code, stdout, stderr } = await agent.finished;
  t.is(code, 0, stderr);
  t.false(stdout.includes(secret));
  t.true(stdout.includes('NO_COLOR=1'), 'the rest of the environment is there');
  const links = [...stdout.matchAll(/ (\d+) -> (.*)/g)].filter(([, descriptor]) => Number(descriptor) > 2);
  t.deepEqual(
    links.map(([, , target]) => target).filter((target) => /^(?:socket|anon_inode):/.test(target ?? '')),
    [],
  );
});
