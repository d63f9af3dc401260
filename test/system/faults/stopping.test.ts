import { spawnSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { serialWhere } from '../../support/test-where.ts';
import { isWrite } from './support/faulty-socket.ts';
import { configured, FaultRun } from './support/run.ts';

/** Longest that leaving may take, in ms; far above what it takes, for a busy machine. */
const leaveMs = 15_000;

/** When a signal comes, and what happens at that moment. */
interface Moment {
  readonly name: string;
  readonly signals: readonly [NodeJS.Signals, ...NodeJS.Signals[]];
  /** The command that is on its way to HAProxy when the first signal comes. */
  readonly command: (line: string) => boolean;
  readonly socketDelayMs?: number;
  /** An agent that does not answer, so that the tick takes a second. */
  readonly hangingAgent?: string;
}

const moments: readonly Moment[] = [
  { name: 'SIGTERM while a weight is written', signals: ['SIGTERM'], command: isWrite },
  { name: 'SIGINT at a slow socket', signals: ['SIGINT'], command: isWrite, socketDelayMs: 300 },
  {
    name: 'SIGTERM while an agent hangs',
    signals: ['SIGTERM'],
    command: (line) => line.startsWith('show servers state'),
    hangingAgent: 's2',
  },
  { name: 'SIGHUP, the terminal is closed', signals: ['SIGHUP'], command: isWrite },
  {
    name: 'Ctrl-C again and again, and SIGTERM, while it restores',
    signals: ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGHUP'],
    command: isWrite,
    socketDelayMs: 100,
  },
];

test.serial('a controller stopped in the middle of a tick restores the configured weights for good', async (t) => {
  await using run = await FaultRun.start({ faultySocket: true });
  for (const [index, moment] of moments.entries()) {
    if (index > 0) await run.restartController();
    await until(`our weights: ${moment.name}`, async () => (await run.stack.weight('s1')) < configured.s1);
    await stopAt(t, run, moment);
    t.deepEqual(Object.fromEntries(await run.stack.weights()), configured, moment.name);
    t.is(run.controller.events('configured weights restored').length, 1, moment.name);
    t.throws(() => process.kill(run.controller.pid, 0), { code: 'ESRCH' }, 'the process is gone');
    await t.throwsAsync(run.stack.status(), undefined, 'and does not answer');
  }
  await run.nothingFailed(t);
});

/** Sends the signals, one at each command from that moment on, and waits for the end. */
async function stopAt(t: ExecutionContext, run: FaultRun, moment: Moment): Promise<void> {
  const { faulty: socket, controller, stack } = run;
  const signals = [...moment.signals];
  const before: string[] = [];
  const after: string[] = [];
  socket.behave(
    moment.socketDelayMs === undefined ? { kind: 'pass' } : { kind: 'slow', delayMs: moment.socketDelayMs },
  );
  if (moment.hangingAgent !== undefined) stack.signalAgent(moment.hangingAgent, 'SIGSTOP');
  // so that there is a weight to write
  await stack.haproxy.reload();
  let startedMs = Number.NaN;
  socket.beforeCommand = (line) => {
    const isFirst = after.length === 0;
    if (isFirst && !moment.command(line)) before.push(line);
    else {
      if (isFirst) startedMs = performance.now();
      after.push(line);
      const signal = signals.shift();
      if (signal !== undefined) controller.signal(signal);
    }
    return Promise.resolve();
  };
  const { code, stderr } = await controller.finished;
  const tookMs = performance.now() - startedMs;
  socket.beforeCommand = () => Promise.resolve();
  socket.behave({ kind: 'pass' });
  if (moment.hangingAgent !== undefined) stack.signalAgent(moment.hangingAgent, 'SIGCONT');
  t.is(code, 0, `${moment.name}: ${stderr.slice(-1_000)}`);
  t.true(tookMs < leaveMs, `${moment.name}: ${tookMs} ms`);
  t.true(before.length > 0 && after.length >= 3, `${moment.name}: in the middle of a tick: ${before}; ${after}`);
  const writes = after.filter(isWrite);
  if (moment.hangingAgent === undefined) {
    const isRestore = writes.at(-1)?.includes(`s1 weight ${configured.s1}`) ?? false;
    t.true(isRestore, `${moment.name}: the last command is the restore: ${after}`);
  } else {
    t.deepEqual(writes, [], 'a tick that waits for agents is given up; after the reload nothing is to be restored');
  }
  t.log(`${moment.name}: ended after ${Math.round(tookMs)} ms`);
}

test.serial('a controller stopped while HAProxy is away says so; restore then restores the weights', async (t) => {
  await using run = await FaultRun.start({ faultySocket: true });
  const { faulty: socket, stack, controller } = run;
  const restore = (...flags: readonly string[]) =>
    haweight(['restore', '--socket', socket.path, '--backend', 'web', ...flags]);
  await socket.vanish();
  await until('waiting', async () => (await stack.status()).waitingFor?.includes('no such socket') ?? false);
  t.is((await controller.stop()).code, 1);
  t.is(controller.events('weights not restored').length, 1);
  const left = await stack.weights();
  const changed = Object.entries(configured).filter(([server, weight]) => left.get(server) !== weight).length;
  t.true(changed > 0, 'nothing could restore them');

  const early = await restore();
  t.is(early.code, 2);
  t.regex(early.stderr, /^haweight: [^\n]*no such socket[^\n]*\n$/);
  t.is(early.stdout, '');

  await socket.listen();
  const [summary] = (await restore()).stdout.split('\n');
  t.is(summary, `web: ${changed} weight${changed === 1 ? '' : 's'} restored`);
  t.deepEqual(Object.fromEntries(await stack.weights()), configured);
  const again = await restore();
  t.is(again.stdout, 'web: already at the configured weights\n');
  t.is(again.code, 0);

  socket.behave({ kind: 'stall', bytes: 1 });
  const startedMs = performance.now();
  const stalled = await restore();
  t.is(stalled.code, 2);
  t.regex(stalled.stderr, /^haweight: [^\n]*did not answer[^\n]*\n$/);
  t.true(performance.now() - startedMs < leaveMs);
  socket.behave({ kind: 'pass' });

  await run.restartController();
  t.is((await restore()).code, 2, 'refused beside a running controller');
  const { stderr, code } = await restore('--force');
  t.is(code, 0);
  t.is(stderr, 'note: a controller runs for web and will set its weights again on its next tick\n');
  t.is((await run.controller.stop()).code, 0);
  await run.nothingFailed(t);
});

const hasScript = spawnSync('script', ['--version']).status === 0;
serialWhere(hasScript, 'a terminal that is closed, which wants the program script')(
  'a controller whose terminal is closed restores the configured weights',
  async (t) => {
    await using stack = await Stack.start({ servers: ['s1', 's2', 's3'] });
    // script is the terminal: it has the other end, and SIGKILL closes it at once
    const through = ['sh', '-c', 'exec script --quiet --command "$*" /dev/null', 'sh'];
    const terminal = await stack.startControllerIn({ through });
    await until('our weights', async () => (await stack.weight('s1')) > 200);
    await terminal.stop('SIGKILL');
    await until('its end', () =>
      stack
        .status()
        .then(() => false)
        .catch(() => true),
    );
    t.deepEqual([...(await stack.weights()).values()], [100, 100, 100]);
  },
);
