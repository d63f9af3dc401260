import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { atStart, paceAfter, paceProblem } from '../../../controller/loop/tick-pace.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { effectivePeriodMs } from '../../../shared/contract/effective-period.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { recordingLogger } from '../support/recording-logger.ts';

const periodMs = 2_000;
const after = (...ticksMs: readonly number[]) =>
  ticksMs.reduce((pace, tickMs) => paceAfter(pace, tickMs, periodMs), atStart);

test('five long ticks in a row are a problem, until five in a row are in time', (t) => {
  t.is(paceProblem(after(9_000, 9_000, 9_000, 9_000), periodMs), null);
  t.is(paceProblem(after(9_000, 9_000, 9_000, 9_000, 1_500, 9_000, 9_000), periodMs), null);
  const slow = [6_000, 6_000, 6_000, 6_000, 6_100];
  const problem = paceProblem(after(...slow), periodMs);
  t.is(
    problem && formatProblem(problem),
    'periodMs 2000: ticks take too long for it: weights are set every 8.0 s; expected ticks of at most 1.5 s, got 6.1 s. ' +
      'Where agents hang, see to them; else give a longer --period-ms, or each controller fewer backends and servers.',
  );
  t.not(paceProblem(after(...slow, 100, 100, 100, 100), periodMs), null);
  t.not(paceProblem(after(...slow, 100, 100, 100, 100, 1_501, 100), periodMs), null);
  t.is(paceProblem(after(...slow, 100, 100, 100, 100, 1_500), periodMs), null);
});

test('a tick that is due while another is under way is skipped, so periods are whole ones', (t) => {
  t.deepEqual(
    [null, 0, 380, 1_999, 2_000, 6_100].map((tickMs) => effectivePeriodMs(periodMs, tickMs)),
    [2_000, 2_000, 2_000, 2_000, 4_000, 8_000],
  );
});

test('slow ticks are said in the status, and logged when they begin and when they are over', async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'silent.sock');
  const silent = createServer((connection) => connection.on('error', () => undefined).resume()).listen(socket);
  await once(silent, 'listening');
  const config = configSchema.parse({ haproxy: { socket, timeoutMs: 50 }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  let timesFaster = 100;
  const clock = { monotonicMs: () => performance.now() * timesFaster, wallMs: () => 0 };
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock });
  const ticks = async (count: number) => {
    for (let tick = 0; tick < count; tick += 1) await loop.tick();
  };
  const logged = () => lines.flatMap(({ message }) => (message.startsWith('ticks are slow') ? [message] : []));
  await ticks(4);
  t.is(loop.status.slowTicks, null);
  await ticks(2);
  t.regex(loop.status.slowTicks ?? '', /^periodMs 2000: ticks take too long for it: weights are set every \d+\.0 s/);
  t.deepEqual(logged(), ['ticks are slow']);
  timesFaster = 1;
  await ticks(5);
  t.is(loop.status.slowTicks, null);
  t.deepEqual(logged(), ['ticks are slow', 'ticks are slow: over']);
  silent.close();
});
