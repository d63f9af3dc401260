import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { type Finished, Haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const rounds = 5;
const atOnce = 3;

/** Waits for the end of a controller that must stop. */
async function endOf(controller: Haweight): Promise<Finished> {
  await until('it stops by itself', () => controller.process.exitCode !== null);
  return await controller.finished;
}

/** One line that says what is taken and who has it, and exit code 2. */
function refusedBy(t: ExecutionContext, { code, stdout, stderr }: Finished, holder: Haweight, what: string): void {
  t.is(code, 2, stderr);
  t.is(stdout, '');
  t.regex(stderr, new RegExp(`^haweight: [^\\n]*${what}[^\\n]*pid ${holder.pid}, listening on 127[^\\n]*\\n$`));
}

test.serial('the second of two controllers on one HAProxy says so and stops', async (t) => {
  await using folder = await temporaryFolder();
  await using others = new AsyncDisposableStack();
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3'], masterWorker: true, secondBackend: 'api' });
  await using load = stack.startLoad();
  const recording = join(folder.path, 'ticks.jsonl');
  const { socket } = stack.haproxy;
  const start = (backend: string, ...flags: readonly string[]) => {
    const where = ['-s', socket, '-b', backend, '--listen', '127.0.0.1:0', '--period-ms', '1000', ...flags];
    return others.use(new Haweight(['controller', ...where]));
  };
  const runs = async (controller: Haweight) => {
    await until('started', () => controller.events('controller started').length === 1);
    t.is(controller.process.exitCode, null, controller.stderr);
  };
  const first = await stack.startController('--log-level', 'debug', '--record', recording);
  const refused = async (step: string, ...flags: readonly string[]) => {
    refusedBy(t, await endOf(start('web', ...flags)), first, 'backend web at .*another controller');
    t.is(first.process.exitCode, null, step);
  };
  await until('our weights', async () => (await stack.weight('s1')) > 200);

  const before = await stack.ticks(1);
  await refused('the same socket');
  const linked = join(folder.path, 'linked.sock');
  await symlink(socket, linked);
  await refused('the same socket by another path', '-s', linked);
  await stack.haproxy.reload();
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  await refused('after a reload');
  refusedBy(
    t,
    await endOf(start('api', '--record', recording)),
    first,
    'ticks.jsonl: another controller writes this recording',
  );
  const after = await stack.ticks(1);
  t.is(after.startedAtMs, before.startedAtMs, 'the first is the same');
  t.is(after.skippedTicks, 0, 'and never waited');
  t.is(first.events('weight changed by another writer').length, 0, 'and saw no other writer');

  const api = start('api');
  await runs(api);
  await until('its weights', async () => ((await stack.weights('api')).get('s1') ?? 0) > 200);
  const looking = start('web', '--dry-run');
  await runs(looking);
  t.is((await looking.stop()).code, 0);
  t.is((await api.stop()).code, 0);
  t.deepEqual([...(await stack.weights('api')).values()], [100, 100, 100]);
  t.true((await stack.weight('s1')) > 200, 'the other backend is left alone');

  await first.stop('SIGKILL');
  const second = start('web');
  await runs(second);
  t.is((await second.stop()).code, 0);

  for (let round = 1; round <= rounds; round += 1) {
    const racers = Array.from({ length: atOnce }, () => start('web'));
    const losers = new Set<Haweight>();
    for (const racer of racers) void racer.finished.then(() => losers.add(racer));
    await until('all but one have stopped', () => losers.size >= atOnce - 1);
    const [winner] = racers.filter((racer) => !losers.has(racer));
    if (winner === undefined) {
      t.fail(`round ${round}: none runs: ${racers.map(({ stderr }) => stderr)}`);
      break;
    }
    await runs(winner);
    for (const loser of losers) refusedBy(t, await loser.finished, winner, 'backend web');
    await winner.stop('SIGKILL');
  }
  // the old worker of a reload may close an idle connection just as it is used
  t.deepEqual(
    [...load.seen.failed].filter(([status]) => status !== 0),
    [],
  );
});
